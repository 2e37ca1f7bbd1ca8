//! A product as the API shows it: whole, inside other things, and on a checkout.

use super::Product;
use crate::render::{Json, object};
use crate::resource::price::Price;
use crate::resource::{benefit, custom_field, file, price};
use crate::world::{Id, World};

/// The product as its seller sees it.
pub(crate) fn render(world: &World, product: &Product) -> Json {
    let benefits: Vec<_> = product
        .benefits
        .iter()
        .filter_map(|id| world.benefits.find(*id))
        .map(|row| benefit::render(world, row))
        .collect();
    object!({
        ..render_bare(product),
        "metadata": product.metadata,
        "prices": render_prices(world, &product.prices),
        "benefits": benefits,
        "medias": render_medias(world, product),
        "attached_custom_fields": custom_field::render_attached(world, &product.custom_fields),
    })
}

/// The product inside an order or a discount.
pub(crate) fn render_brief(product: &Product) -> Json {
    object!({..render_bare(product), "metadata": product.metadata})
}

/// The product as buyers see it, at the prices of this offer. Private benefits stay private.
pub(crate) fn render_offer(world: &World, product: &Product, prices: &[Id<Price>]) -> Json {
    let benefits: Vec<_> = product
        .benefits
        .iter()
        .filter_map(|id| world.benefits.find(*id))
        .filter(|row| row.visibility == benefit::Visibility::Public)
        .map(|row| benefit::render_public(world, row))
        .collect();
    object!({
        ..render_bare(product),
        "prices": render_prices(world, prices),
        "benefits": benefits,
        "medias": render_medias(world, product),
    })
}

/// The prices that exist among `ids`, in their order.
pub(crate) fn render_prices(world: &World, ids: &[Id<Price>]) -> Vec<Json> {
    ids.iter()
        .filter_map(|id| world.prices.find(*id))
        .map(|row| price::render(world, row))
        .collect()
}

fn render_medias(world: &World, product: &Product) -> Vec<Json> {
    let files = product.medias.iter();
    files
        .filter_map(|id| world.files.find(*id))
        .map(|row| file::render(world, row))
        .collect()
}

fn render_bare(product: &Product) -> Json {
    object!({
        "id": product.id,
        "created_at": product.created_at,
        "modified_at": product.modified_at,
        "trial_interval": product.trial.map(|trial| trial.interval),
        "trial_interval_count": product.trial.map(|trial| trial.count),
        "name": product.name,
        "description": product.description,
        "visibility": product.visibility,
        "recurring_interval": product.cycle.map(|cycle| cycle.interval),
        "recurring_interval_count": product.cycle.map(|cycle| cycle.count),
        "meter_interval": product.meter_cycle.map(|cycle| cycle.interval),
        "meter_interval_count": product.meter_cycle.map(|cycle| cycle.count),
        "is_recurring": product.cycle.is_some(),
        "is_archived": product.archived,
        "organization_id": product.organization,
    })
}

//! `PATCH /v1/checkout-links/{id}`

use polarkit_model::Patch;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{create, get, lock, render};
use crate::billing::Interval;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::discount::Discount;
use crate::resource::product::{self, Product};
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    products: Option<Vec<Id<Product>>>,
    #[serde(default)]
    label: Patch<String>,
    #[serde(default)]
    allow_discount_codes: Option<bool>,
    #[serde(default)]
    require_billing_address: Option<bool>,
    #[serde(default)]
    discount_id: Patch<Id<Discount>>,
    #[serde(default)]
    seats: Patch<i64>,
    #[serde(default)]
    units: Patch<i64>,
    #[serde(default)]
    success_url: Patch<String>,
    #[serde(default)]
    return_url: Patch<String>,
    #[serde(default)]
    trial_interval: Patch<Interval>,
    #[serde(default)]
    trial_interval_count: Patch<i64>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let mut link = get::own(world, call)?.clone();
    let products_said = input.products.is_some();
    if let Some(products) = input.products {
        create::check_products(world, link.organization, &products)?;
        link.products = products;
        let recurring = |id: &Id<Product>| {
            let row = world.products.find(*id);
            row.is_some_and(|row| row.cycle.is_some())
        };
        if !link.products.iter().any(recurring) {
            link.trial = None;
        }
    }
    if let Some(discount) = input.discount_id.sent() {
        create::check_discount(world, link.organization, discount, &link.products)?;
        link.discount = discount;
    }
    let said = (input.seats.sent().is_some(), input.units.sent().is_some());
    input.seats.apply(&mut link.seats);
    input.units.apply(&mut link.units);
    if products_said {
        lock::clear_unfit(world, &mut link, said);
    }
    if said.0 || said.1 {
        lock::check(world, &link)?;
    }
    let mut interval = link.trial.map(|trial| trial.interval);
    let mut count = link.trial.map(|trial| trial.count);
    input.trial_interval.apply(&mut interval);
    input.trial_interval_count.apply(&mut count);
    link.trial = product::pair("trial", interval, count)?;
    input.label.apply(&mut link.label);
    input.success_url.apply(&mut link.success_url);
    input.return_url.apply(&mut link.return_url);
    link.allow_discount_codes = input
        .allow_discount_codes
        .unwrap_or(link.allow_discount_codes);
    link.require_billing_address = input
        .require_billing_address
        .unwrap_or(link.require_billing_address);
    link.metadata = input.metadata.unwrap_or(link.metadata);
    link.modified_at = Some(world.stamp());
    let id = link.id;
    *world.checkout_links.get_mut(id)? = link;
    Ok(render(world, world.checkout_links.get(id)?).into())
}

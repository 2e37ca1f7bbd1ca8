//! `POST /v1/products/`

use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{AttachedField, Product, Visibility, render, rules};
use crate::billing::{Cycle, Interval};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::custom_field;
use crate::resource::price::{self, Place, PriceInput};
use crate::world::World;

#[derive(Deserialize)]
struct Input {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    visibility: Visibility,
    prices: Vec<PriceInput>,
    #[serde(default)]
    medias: Option<Vec<Uuid>>,
    #[serde(default)]
    attached_custom_fields: Vec<AttachedField>,
    #[serde(default)]
    recurring_interval: Option<Interval>,
    #[serde(default)]
    recurring_interval_count: Option<i64>,
    #[serde(default)]
    meter_interval: Option<Interval>,
    #[serde(default)]
    meter_interval_count: Option<i64>,
    #[serde(default)]
    trial_interval: Option<Interval>,
    #[serde(default)]
    trial_interval_count: Option<i64>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let input: Input = call.input()?;
    let cycle = input.recurring_interval.map(|interval| Cycle {
        interval,
        count: input.recurring_interval_count.unwrap_or(1),
    });
    let trial = rules::pair("trial", input.trial_interval, input.trial_interval_count)?;
    let meter_cycle = input.meter_interval.map(|interval| Cycle {
        interval,
        count: input.meter_interval_count.unwrap_or(1),
    });
    rules::meter_cycle(world, organization, cycle, meter_cycle)?;
    custom_field::check_attached(world, organization, &input.attached_custom_fields)?;
    let place = Place {
        organization,
        recurring: cycle.is_some(),
        branch: Some(if cycle.is_some() {
            "recurring"
        } else {
            "one_time"
        }),
    };
    let listed: Vec<_> = input.prices.iter().enumerate().collect();
    price::check(world, place, &listed, &[])?;

    let id = world.chance.id();
    let created_at = world.stamp();
    world.products.insert(
        id,
        Product {
            id,
            organization,
            created_at,
            modified_at: None,
            name: input.name,
            description: input.description.filter(|text| !text.trim().is_empty()),
            visibility: input.visibility,
            archived: false,
            cycle,
            meter_cycle,
            trial,
            prices: Vec::new(),
            benefits: Vec::new(),
            custom_fields: input.attached_custom_fields,
            medias: input.medias.unwrap_or_default(),
            metadata: input.metadata,
        },
    );
    let prices: Vec<_> = input
        .prices
        .iter()
        .map(|price| price.insert(world, id, false))
        .collect();
    world.products.get_mut(id)?.prices = prices;
    let shown = render(world, world.products.get(id)?);
    world.emit(organization, "product.created", &shown);
    Ok(shown.into())
}

//! `POST /v1/products/`

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{AttachedField, Product, Visibility, render, rules};
use crate::billing::{Cycle, Interval};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::file::File;
use crate::resource::organization::Organization;
use crate::resource::price::{self, Listed, Place, PriceInput};
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    visibility: Visibility,
    prices: Vec<PriceInput>,
    #[serde(default)]
    medias: Option<Vec<Id<File>>>,
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
    check(world, organization, &input, meter_cycle)?;

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
            medias: input.medias.unwrap_or_default(),
            custom_fields: input.attached_custom_fields,
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

/// Everything that is wrong with a new product, at once.
fn check(
    world: &World,
    organization: Id<Organization>,
    input: &Input,
    meter_cycle: Option<Cycle>,
) -> Result<(), Failure> {
    let place = Place {
        organization,
        recurring: input.recurring_interval.is_some(),
        at: vec!["prices".into()],
    };
    let prices = input.prices.iter().enumerate();
    let listed: Vec<_> = prices.map(|(i, price)| Listed::new(i, price)).collect();
    let mut flaws = price::flaws(world, &place, &listed);
    flaws.extend(rules::meter_cycle(world, organization, meter_cycle));
    flaws.extend(rules::medias(
        world,
        organization,
        input.medias.as_deref().unwrap_or_default(),
    ));
    let fields = &input.attached_custom_fields;
    flaws.extend(rules::custom_fields(world, organization, fields));
    rules::all_fine(flaws)
}

//! `PATCH /v1/products/{id}`

use polarkit_model::Patch;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{AttachedField, Product, Visibility, get, render, rules};
use crate::billing::Interval;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::custom_field;
use crate::resource::price::{self, Place, Price, PriceInput, PriceKind};
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Patch<String>,
    #[serde(default)]
    visibility: Option<Visibility>,
    #[serde(default)]
    is_archived: Option<bool>,
    #[serde(default)]
    recurring_interval: Option<Interval>,
    #[serde(default)]
    recurring_interval_count: Option<i64>,
    #[serde(default)]
    trial_interval: Patch<Interval>,
    #[serde(default)]
    trial_interval_count: Patch<i64>,
    #[serde(default)]
    prices: Option<Vec<Change>>,
    #[serde(default)]
    medias: Option<Vec<Uuid>>,
    #[serde(default)]
    attached_custom_fields: Option<Vec<AttachedField>>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

/// A price to keep, or a new one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Change {
    New(PriceInput),
    Keep { id: Id<Price> },
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let product = get::own(world, call)?.clone();
    check(world, &product, &input)?;
    let trial = trial(&product, &input)?;
    let prices = input.prices.as_deref().unwrap_or_default();
    if input.prices.is_some() {
        check_prices(world, &product, prices)?;
    }
    let kept = input
        .prices
        .is_some()
        .then(|| replace_prices(world, &product, prices));

    let now = world.stamp();
    let row = world.products.get_mut(product.id)?;
    row.modified_at = Some(now);
    row.trial = trial;
    row.name = input.name.unwrap_or(product.name);
    input.description.apply(&mut row.description);
    row.visibility = input.visibility.unwrap_or(product.visibility);
    row.archived = input.is_archived.unwrap_or(product.archived);
    row.medias = input.medias.unwrap_or(product.medias);
    row.custom_fields = input
        .attached_custom_fields
        .unwrap_or(product.custom_fields);
    row.metadata = input.metadata.unwrap_or(product.metadata);
    row.prices = kept.unwrap_or(product.prices);
    if input.is_archived == Some(true) {
        leave_links(world, product.id);
    }
    let shown = render(world, world.products.get(product.id)?);
    world.emit(product.organization, "product.updated", &shown);
    Ok(shown.into())
}

/// What is archived cannot be bought through a link any more.
fn leave_links(world: &mut World, id: Id<Product>) {
    world.checkout_links.change_where(
        |link| link.products.contains(&id),
        |link| link.products.retain(|product| *product != id),
    );
}

fn check(world: &World, product: &Product, input: &Input) -> Result<(), Failure> {
    let mut flaws = Vec::new();
    let interval = product.cycle.map(|cycle| cycle.interval);
    if input
        .recurring_interval
        .is_some_and(|wanted| Some(wanted) != interval)
    {
        flaws.push(Flaw::field(
            "recurring_interval",
            "Recurring interval cannot be changed.",
            input.recurring_interval.map(Interval::word),
        ));
    }
    let count = product.cycle.map(|cycle| cycle.count);
    if input
        .recurring_interval_count
        .is_some_and(|wanted| Some(wanted) != count)
    {
        flaws.push(Flaw::field(
            "recurring_interval_count",
            "Recurring interval count cannot be changed.",
            input.recurring_interval_count,
        ));
    }
    if product.cycle.is_none() {
        let message = "Trials are not supported on one-time products.";
        if let Patch::Value(interval) = input.trial_interval {
            flaws.push(Flaw::field("trial_interval", message, interval.word()));
        }
        if let Patch::Value(count) = input.trial_interval_count {
            flaws.push(Flaw::field("trial_interval_count", message, count));
        }
    }
    if !flaws.is_empty() {
        return Err(Failure::Refused(flaws));
    }
    match &input.attached_custom_fields {
        Some(fields) => custom_field::check_attached(world, product.organization, fields),
        None => Ok(()),
    }
}

fn trial(product: &Product, input: &Input) -> Result<Option<crate::billing::Cycle>, Failure> {
    let mut interval = product.trial.map(|trial| trial.interval);
    let mut count = product.trial.map(|trial| trial.count);
    input.trial_interval.apply(&mut interval);
    input.trial_interval_count.apply(&mut count);
    rules::pair("trial", interval, count)
}

fn check_prices(world: &World, product: &Product, changes: &[Change]) -> Result<(), Failure> {
    let mut listed = Vec::new();
    let mut kept: Vec<(String, PriceKind)> = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        match change {
            Change::New(price) => listed.push((index, price)),
            Change::Keep { id } => {
                let known = product
                    .prices
                    .contains(id)
                    .then(|| world.prices.find(*id))
                    .flatten();
                let Some(price) = known else {
                    return Err(Failure::refused(Flaw::body(
                        "value_error",
                        ["prices".into(), index.into()],
                        "Price does not exist.",
                        id.to_string(),
                    )));
                };
                kept.push((price.currency.clone(), price.kind.clone()));
            }
        }
    }
    if changes.is_empty() {
        return Err(Failure::refused(Flaw::body(
            "too_short",
            ["prices".into()],
            "At least one price is required.",
            Value::Array(Vec::new()),
        )));
    }
    let place = Place {
        organization: product.organization,
        recurring: product.cycle.is_some(),
        branch: None,
    };
    price::check(world, place, &listed, &kept)
}

/// Adds the new prices and archives those that are not mentioned; gives what the product has then.
fn replace_prices(world: &mut World, product: &Product, changes: &[Change]) -> Vec<Id<Price>> {
    let prices: Vec<_> = changes
        .iter()
        .map(|change| match change {
            Change::New(price) => price.insert(world, product.id, false),
            Change::Keep { id } => *id,
        })
        .collect();
    let now = world.stamp();
    for old in product.prices.iter().filter(|old| !prices.contains(old)) {
        if let Some(price) = world.prices.find_mut(*old) {
            price.archived = true;
            price.modified_at = Some(now);
        }
    }
    prices
}

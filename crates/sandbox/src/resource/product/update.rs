//! `PATCH /v1/products/{id}`

use polarkit_model::Patch;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{AttachedField, Product, Visibility, get, render, rules};
use crate::billing::Interval;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::file::File;
use crate::resource::price::{self, Listed, Place, Price, PriceInput};
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
    medias: Option<Vec<Id<File>>>,
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
    rules::all_fine(flaws(world, &product, &input))?;
    let trial = trial(&product, &input)?;
    let changes = input.prices.as_deref();
    let prices = changes.map(|changes| replace_prices(world, &product, changes));

    let now = world.stamp();
    let row = world.products.get_mut(product.id)?;
    row.modified_at = Some(now);
    row.trial = trial;
    row.name = input.name.unwrap_or(product.name);
    input.description.apply(&mut row.description);
    row.visibility = input.visibility.unwrap_or(product.visibility);
    row.archived = input.is_archived.unwrap_or(product.archived);
    row.custom_fields = input
        .attached_custom_fields
        .unwrap_or(product.custom_fields);
    row.medias = input.medias.unwrap_or(product.medias);
    row.metadata = input.metadata.unwrap_or(product.metadata);
    row.prices = prices.unwrap_or(product.prices);
    if input.is_archived == Some(true) {
        leave_links(world, product.id);
    }
    let shown = render(world, world.products.get(product.id)?);
    world.emit(product.organization, "product.updated", &shown);
    Ok(shown.into())
}

/// What is archived cannot be bought through a link any more; a link with nothing to buy is gone.
fn leave_links(world: &mut World, id: Id<Product>) {
    let now = world.stamp();
    world.checkout_links.change_where(
        |link| link.products.contains(&id),
        |link| {
            link.products.retain(|product| *product != id);
            if link.products.is_empty() {
                link.deleted_at = Some(now);
            }
        },
    );
}

/// Everything that is wrong with the changes.
fn flaws(world: &World, product: &Product, input: &Input) -> Vec<Flaw> {
    let changes = input.prices.as_deref();
    let mut flaws = changes.map_or_else(Vec::new, |changes| prices(world, product, changes));
    flaws.extend(interval(product, input));
    let wants_trial = matches!(input.trial_interval, Patch::Value(_))
        || matches!(input.trial_interval_count, Patch::Value(_));
    if product.cycle.is_none() && wants_trial {
        let message = "Trial configuration is only supported on recurring products.";
        let word = input.trial_interval.value().map(|interval| interval.word());
        flaws.push(Flaw::field("trial_interval", message, word));
        let count = input.trial_interval_count.value().copied();
        flaws.push(Flaw::field("trial_interval_count", message, count));
    }
    flaws.extend(rules::medias(
        world,
        product.organization,
        input.medias.as_deref().unwrap_or_default(),
    ));
    let fields = input.attached_custom_fields.as_deref().unwrap_or_default();
    flaws.extend(rules::custom_fields(world, product.organization, fields));
    flaws
}

/// How often a product is billed is settled for good: its interval, which is only said with its count.
fn interval(product: &Product, input: &Input) -> Option<Flaw> {
    let wanted = (input.recurring_interval, input.recurring_interval_count);
    let own = product.cycle.map(|cycle| cycle.count);
    let (field, message, value): (_, _, Value) = match wanted {
        (None, None) => return None,
        (None, count) if count == own => return None,
        (None, count) => (
            "recurring_interval_count",
            "Recurring interval count cannot be changed.",
            count.into(),
        ),
        (Some(interval), count) => {
            let same = product
                .cycle
                .is_some_and(|cycle| cycle.interval == interval);
            if same && count == own {
                return None;
            }
            (
                "recurring_interval",
                "Recurring interval cannot be changed.",
                interval.word().into(),
            )
        }
    };
    Some(Flaw::field(field, message, value))
}

fn trial(product: &Product, input: &Input) -> Result<Option<crate::billing::Cycle>, Failure> {
    let mut interval = product.trial.map(|trial| trial.interval);
    let mut count = product.trial.map(|trial| trial.count);
    input.trial_interval.apply(&mut interval);
    input.trial_interval_count.apply(&mut count);
    rules::pair("trial", interval, count)
}

/// What is wrong with the prices that are kept and the new ones.
fn prices(world: &World, product: &Product, changes: &[Change]) -> Vec<Flaw> {
    let (mut flaws, mut listed) = (Vec::new(), Vec::new());
    for (index, change) in changes.iter().enumerate() {
        let kept = match change {
            Change::New(price) => {
                listed.push(Listed::new(index, price));
                continue;
            }
            Change::Keep { id } => product.prices.contains(id).then_some(*id),
        };
        match kept.and_then(|id| world.prices.find(id)) {
            Some(price) => listed.push(Listed {
                index,
                currency: price.currency.clone(),
                tax: price.tax,
                kind: price.kind.clone(),
                is_new: false,
            }),
            None => flaws.push(Flaw::body(
                "value_error",
                ["prices".into(), index.into()],
                "Price does not exist.",
                change.kept().map(|id| id.to_string()),
            )),
        }
    }
    let place = Place {
        organization: product.organization,
        recurring: product.cycle.is_some(),
        at: vec!["prices".into()],
    };
    flaws.extend(price::flaws(world, &place, &listed));
    flaws
}

impl Change {
    const fn kept(&self) -> Option<Id<Price>> {
        match self {
            Self::New(_) => None,
            Self::Keep { id } => Some(*id),
        }
    }
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

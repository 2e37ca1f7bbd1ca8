//! `PATCH /v1/discounts/{id}`

use std::collections::BTreeMap;

use jiff::Timestamp;
use polarkit_model::Patch;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Discount, Duration, Worth, check, get, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::filled;
use crate::resource::product::Product;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    code: Patch<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    duration: Option<String>,
    #[serde(default)]
    duration_in_months: Option<i64>,
    #[serde(default)]
    basis_points: Option<i64>,
    #[serde(default)]
    amount: Option<i64>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    amounts: Option<BTreeMap<String, i64>>,
    #[serde(default)]
    starts_at: Patch<Timestamp>,
    #[serde(default)]
    ends_at: Patch<Timestamp>,
    #[serde(default)]
    max_redemptions: Patch<i64>,
    #[serde(default)]
    max_redemptions_per_customer: Patch<i64>,
    #[serde(default)]
    products: Option<Vec<Id<Product>>>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let mut row = get::own(world, call)?.clone();
    check_unchanged(&row, &input)?;
    check_unused(&row, &input)?;
    if let Some(code) = input.code.clone().sent() {
        row.code = filled(code);
        check::code(world, row.organization, Some(row.id), row.code.as_deref())?;
    }
    if let Some(products) = &input.products {
        check::products(world, row.organization, products)?;
        row.products.clone_from(products);
    }
    input.starts_at.apply(&mut row.starts_at);
    input.ends_at.apply(&mut row.ends_at);
    check::dates(row.starts_at, row.ends_at)?;
    input.max_redemptions.apply(&mut row.max_redemptions);
    input
        .max_redemptions_per_customer
        .apply(&mut row.max_redemptions_per_customer);
    row.worth = worth(
        row.worth,
        input.basis_points,
        input.amounts,
        input.currency.zip(input.amount),
    );
    if let (Duration::Repeating(_), Some(months)) = (row.duration, input.duration_in_months) {
        row.duration = Duration::Repeating(months);
    }
    row.name = input.name.unwrap_or(row.name);
    row.metadata = input.metadata.unwrap_or(row.metadata);
    row.modified_at = Some(world.stamp());
    let (id, organization) = (row.id, row.organization);
    *world.discounts.get_mut(id)? = row;
    let shown = render(world, world.discounts.get(id)?);
    world.emit(organization, "discount.updated", &shown);
    Ok(shown.into())
}

/// Type and duration are settled for good.
fn check_unchanged(row: &Discount, input: &Input) -> Result<(), Failure> {
    let kind = match row.worth {
        Worth::Fixed(_) => "fixed",
        Worth::Percentage(_) => "percentage",
    };
    let duration = match row.duration {
        Duration::Once => "once",
        Duration::Forever => "forever",
        Duration::Repeating(_) => "repeating",
    };
    let mut flaws = Vec::new();
    if let Some(wanted) = input.kind.as_ref().filter(|wanted| *wanted != kind) {
        flaws.push(Flaw::field(
            "type",
            "Discount type cannot be changed.",
            wanted.as_str(),
        ));
    }
    if let Some(wanted) = input.duration.as_ref().filter(|wanted| *wanted != duration) {
        let message = "Discount duration cannot be changed.";
        flaws.push(Flaw::field("duration", message, wanted.as_str()));
    }
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(flaws))
}

/// What a discount is worth, and how long, is settled once somebody has used it.
fn check_unused(row: &Discount, input: &Input) -> Result<(), Failure> {
    if row.redemptions.is_empty() {
        return Ok(());
    }
    let months = match row.duration {
        Duration::Repeating(months) => Some(months),
        Duration::Once | Duration::Forever => None,
    };
    let mut changed = match &row.worth {
        Worth::Percentage(points) => vec![("basis_points", differs(input.basis_points, points))],
        Worth::Fixed(amounts) => {
            let single = amounts.iter().next();
            vec![
                (
                    "amounts",
                    input.amounts.as_ref().is_some_and(|sent| sent != amounts),
                ),
                (
                    "amount",
                    single.is_some_and(|(_, amount)| differs(input.amount, amount)),
                ),
                (
                    "currency",
                    single.is_some_and(|(word, _)| differs(input.currency.clone(), word)),
                ),
            ]
        }
    };
    changed.push((
        "duration_in_months",
        input.duration_in_months.is_some() && input.duration_in_months != months,
    ));
    let Some((field, _)) = changed.into_iter().find(|(_, changed)| *changed) else {
        return Ok(());
    };
    let message = "A discount that has been redeemed keeps its worth and its duration.";
    Err(Failure::refused(Flaw::field(field, message, Value::Null)))
}

fn differs<T: PartialEq>(sent: Option<T>, kept: &T) -> bool {
    sent.is_some_and(|sent| sent != *kept)
}

fn worth(
    before: Worth,
    basis_points: Option<i64>,
    amounts: Option<BTreeMap<String, i64>>,
    single: Option<(String, i64)>,
) -> Worth {
    match before {
        Worth::Percentage(before) => Worth::Percentage(basis_points.unwrap_or(before)),
        Worth::Fixed(before) => Worth::Fixed(match (amounts, single) {
            (Some(amounts), _) => amounts,
            (None, Some(single)) => BTreeMap::from([single]),
            (None, None) => before,
        }),
    }
}

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
    check_unchanged(&row, &input, call.sends("duration"))?;
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

/// Type and duration are settled for good. A duration of null is another one, too.
fn check_unchanged(row: &Discount, input: &Input, says_duration: bool) -> Result<(), Failure> {
    let kind = match row.worth {
        Worth::Fixed(_) => "fixed",
        Worth::Percentage(_) => "percentage",
    };
    let refused = |field: &str, message: &str, input: Option<&String>| {
        let flaw = Flaw::field(field, message, input.map(String::as_str));
        Err(Failure::refused(flaw))
    };
    let duration = input.duration.as_ref();
    if says_duration && duration.is_none_or(|wanted| wanted != row.duration.word()) {
        return refused("duration", "Duration cannot be changed.", duration);
    }
    let wanted = input.kind.as_ref();
    if wanted.is_some_and(|wanted| wanted != kind) {
        return refused("type", "Type cannot be changed.", wanted);
    }
    Ok(())
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
    let message = "This field cannot be changed because the discount has already been redeemed.";
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

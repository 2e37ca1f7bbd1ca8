//! `POST /v1/discounts/`

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Discount, Duration, Worth, check, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::filled;
use crate::resource::product::Product;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    name: String,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    code: Option<String>,
    duration: String,
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
    starts_at: Option<Timestamp>,
    #[serde(default)]
    ends_at: Option<Timestamp>,
    #[serde(default)]
    max_redemptions: Option<i64>,
    #[serde(default)]
    max_redemptions_per_customer: Option<i64>,
    #[serde(default)]
    products: Option<Vec<Id<Product>>>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let input: Input = call.input()?;
    let worth = worth(&input)?;
    let duration = duration(&input)?;
    let code = filled(input.code);
    let products = input.products.unwrap_or_default();
    check::code(world, organization, None, code.as_deref())?;
    check::products(world, organization, &products)?;
    let id = world.chance.id();
    let created_at = world.stamp();
    world.discounts.insert(
        id,
        Discount {
            id,
            organization,
            created_at,
            modified_at: None,
            deleted_at: None,
            name: input.name,
            code,
            worth,
            duration,
            starts_at: input.starts_at,
            ends_at: input.ends_at,
            max_redemptions: input.max_redemptions,
            max_redemptions_per_customer: input.max_redemptions_per_customer,
            products,
            metadata: input.metadata,
            redemptions: Vec::new(),
        },
    );
    let shown = render(world, world.discounts.get(id)?);
    world.emit(organization, "discount.created", &shown);
    Ok(shown.into())
}

fn missing(field: &str) -> Failure {
    let place = [field.into()];
    Failure::refused(Flaw::body("missing", place, "Field required", Value::Null))
}

fn worth(input: &Input) -> Result<Worth, Failure> {
    let is_percentage = match input.kind.as_deref() {
        Some(kind) => kind == "percentage",
        None => input.basis_points.is_some(),
    };
    if is_percentage {
        let basis_points = input.basis_points.ok_or_else(|| missing("basis_points"))?;
        return Ok(Worth::Percentage(basis_points));
    }
    match (&input.amounts, input.amount) {
        (Some(amounts), _) => Ok(Worth::Fixed(amounts.clone())),
        (None, Some(amount)) => {
            let currency = input.currency.clone().unwrap_or_else(|| "usd".to_owned());
            Ok(Worth::Fixed(BTreeMap::from([(currency, amount)])))
        }
        (None, None) => Err(missing("amounts")),
    }
}

fn duration(input: &Input) -> Result<Duration, Failure> {
    match input.duration.as_str() {
        "forever" => Ok(Duration::Forever),
        "repeating" => input
            .duration_in_months
            .map(Duration::Repeating)
            .ok_or_else(|| missing("duration_in_months")),
        _ => Ok(Duration::Once),
    }
}

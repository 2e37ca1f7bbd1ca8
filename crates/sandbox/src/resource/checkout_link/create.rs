//! `POST /v1/checkout-links/`

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{CheckoutLink, lock, render};
use crate::billing::Interval;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::checkout;
use crate::resource::discount::Discount;
use crate::resource::organization::Organization;
use crate::resource::price::Price;
use crate::resource::product::{self, Product};
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    products: Vec<Id<Product>>,
    #[serde(default)]
    product_id: Option<Id<Product>>,
    #[serde(default)]
    product_price_id: Option<Id<Price>>,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    allow_discount_codes: Option<bool>,
    #[serde(default)]
    require_billing_address: bool,
    #[serde(default)]
    discount_id: Option<Id<Discount>>,
    #[serde(default)]
    seats: Option<i64>,
    #[serde(default)]
    units: Option<i64>,
    #[serde(default)]
    success_url: Option<String>,
    #[serde(default)]
    return_url: Option<String>,
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
    let products = if input.products.is_empty() {
        single(world, organization, &input)?
    } else {
        check_products(world, organization, &input.products)?;
        input.products
    };
    check_discount(world, organization, input.discount_id, &products)?;
    let trial = product::pair("trial", input.trial_interval, input.trial_interval_count)?;
    let id = world.chance.id();
    let created_at = world.stamp();
    let client_secret = world.chance.token("polar_cl_");
    let link = CheckoutLink {
        id,
        organization,
        created_at,
        modified_at: None,
        deleted_at: None,
        client_secret,
        products,
        label: input.label,
        allow_discount_codes: input.allow_discount_codes.unwrap_or(true),
        require_billing_address: input.require_billing_address,
        discount: input.discount_id,
        seats: input.seats,
        units: input.units,
        success_url: input.success_url,
        return_url: input.return_url,
        trial,
        metadata: input.metadata,
    };
    lock::check(world, &link)?;
    world.checkout_links.insert(id, link);
    Ok(render(world, world.checkout_links.get(id)?).into())
}

/// The product that is named alone, itself or by one of its prices.
fn single(
    world: &World,
    organization: Id<Organization>,
    input: &Input,
) -> Result<Vec<Id<Product>>, Failure> {
    let product = match (input.product_id, input.product_price_id) {
        (Some(id), _) => id,
        (None, Some(price)) => {
            return Ok(vec![checkout::product_of_price(
                world,
                organization,
                price,
            )?]);
        }
        (None, None) => return check_products(world, organization, &[]).map(|()| Vec::new()),
    };
    check_products(world, organization, &[product])?;
    Ok(vec![product])
}

/// At least one product, all of them on sale.
pub(super) fn check_products(
    world: &World,
    organization: Id<Organization>,
    products: &[Id<Product>],
) -> Result<(), Failure> {
    if products.is_empty() {
        let flaw = Flaw::body(
            "missing",
            ["products".into()],
            "Field required",
            Value::Null,
        );
        return Err(Failure::refused(flaw));
    }
    checkout::check_products(world, organization, products)
}

/// A discount of the organization, if any, that suits every product, whether or not it is open today.
pub(super) fn check_discount(
    world: &World,
    organization: Id<Organization>,
    discount: Option<Id<Discount>>,
    products: &[Id<Product>],
) -> Result<(), Failure> {
    let Some(id) = discount else {
        return Ok(());
    };
    let known = world
        .discounts
        .find(id)
        .filter(|row| row.organization == organization && row.deleted_at.is_none());
    let suits = |row: &Discount| {
        let listed = |product| row.products.contains(product);
        row.products.is_empty() || products.iter().all(listed)
    };
    if known.is_some_and(suits) {
        return Ok(());
    }
    let message = "Discount does not exist or is not applicable to this product.";
    let flaw = Flaw::field("discount_id", message, id.to_string());
    Err(Failure::refused(flaw))
}

//! `POST /v1/orders/`: a bill for something a customer did not come to buy, to be charged to a card on file.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{BillingReason, NewOrder, Order, OrderItem, OrderStatus, add, announce, item, render};
use crate::billing::{maximum, minimum, spoken};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::custom_field;
use crate::resource::customer::Customer;
use crate::resource::organization::Organization;
use crate::resource::price::{Price, PriceKind, Quantity};
use crate::resource::product::Product;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    customer_id: Id<Customer>,
    product_id: Id<Product>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    amount: Option<i64>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    custom_field_data: Map<String, Value>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let input: Input = call.input()?;
    check_opened(world, organization)?;
    let order = draft(world, organization, input)?;
    announce(world, order, &["created"]);
    Ok(render(world, world.orders.get(order)?).into())
}

/// Polar opens these charges to those who ask.
pub(super) fn check_opened(world: &World, id: Id<Organization>) -> Result<(), Failure> {
    if world
        .organizations
        .get(id)?
        .features
        .off_session_charges_enabled
    {
        return Ok(());
    }
    let detail = format!(
        "Off-session charges are not enabled for this organization ({id}). Contact Polar support to opt in."
    );
    Err(Failure::named(403, "OffSessionChargesNotEnabled", detail))
}

fn draft(
    world: &mut World,
    organization: Id<Organization>,
    input: Input,
) -> Result<Id<Order>, Failure> {
    let product = chargeable(world, organization, input.product_id)?.clone();
    let customer = world
        .customers
        .find(input.customer_id)
        .filter(|row| row.organization == organization && row.deleted_at.is_none());
    if customer.is_none() {
        let asked = input.customer_id.to_string();
        return Err(refused("customer_id", "Customer does not exist.", asked));
    }
    let (currency, prices) = priced(world, organization, &product, input.currency)?;
    check_amount(input.amount, &currency)?;
    let items = lines(world, &product, &prices, input.amount, input.description);
    let sent = &input.custom_field_data;
    let answers = custom_field::checked(world, &product.custom_fields, sent, false)
        .map_err(Failure::Refused)?;
    let new = NewOrder {
        organization,
        customer: input.customer_id,
        status: OrderStatus::Draft,
        reason: BillingReason::Purchase,
        currency,
        items,
        discount: None,
        discount_amount: 0,
        product: Some(product.id),
        subscription: None,
        checkout: None,
        seats: None,
        units: None,
        metadata: input.metadata,
        custom_field_data: answers,
    };
    add(world, new).ok_or_else(Failure::not_found)
}

/// The product, when it costs the same for everybody and is bought once.
fn chargeable(
    world: &World,
    organization: Id<Organization>,
    id: Id<Product>,
) -> Result<&Product, Failure> {
    let product = world
        .products
        .find(id)
        .filter(|row| row.organization == organization);
    let refuse = |message| Err(refused("product_id", message, id.to_string()));
    let Some(product) = product else {
        return refuse("Product does not exist.");
    };
    let kinds = || prices(world, product).into_iter().map(|price| &price.kind);
    if product.cycle.is_some() {
        return refuse(
            "Subscription products are not supported by the off-session charge API. Use a one-time product.",
        );
    }
    if kinds().any(|kind| matches!(kind, PriceKind::SeatBased { .. })) {
        return refuse("Seat-based products are not supported by the off-session charge API.");
    }
    if kinds().any(|kind| matches!(kind, PriceKind::UnitBased { .. })) {
        return refuse("Unit-based products are not supported by the off-session charge API.");
    }
    if kinds().next().is_none() {
        return refuse("Product has no chargeable static prices.");
    }
    if kinds().any(|kind| !matches!(kind, PriceKind::Fixed { .. })) {
        return refuse("Off-session charges only support fixed-price products.");
    }
    Ok(product)
}

/// What is billed up front, in every currency.
fn prices<'w>(world: &'w World, product: &Product) -> Vec<&'w Price> {
    let rows = product
        .prices
        .iter()
        .filter_map(|id| world.prices.find(*id));
    rows.filter(|price| price.is_static()).collect()
}

/// The currency that was asked for, else the organization's, and what the product costs in it.
fn priced(
    world: &World,
    organization: Id<Organization>,
    product: &Product,
    asked: Option<String>,
) -> Result<(String, Vec<Price>), Failure> {
    let usual = &world
        .organizations
        .get(organization)?
        .default_presentment_currency;
    let currency = asked
        .as_ref()
        .map_or(usual.clone(), |text| text.to_lowercase());
    let prices = prices(world, product).into_iter();
    let prices: Vec<_> = prices
        .filter(|price| price.currency == currency)
        .cloned()
        .collect();
    if !prices.is_empty() {
        return Ok((currency, prices));
    }
    let message = if asked.is_some() {
        format!("Product has no price in currency '{currency}'.")
    } else {
        format!(
            "Product is not priced in the organization's default currency ('{currency}'); specify a currency to charge in."
        )
    };
    Err(Failure::refused(Flaw::field("currency", message, asked)))
}

/// An amount of one's own is nothing, or what a bank would charge.
fn check_amount(amount: Option<i64>, currency: &str) -> Result<(), Failure> {
    let Some(amount) = amount.filter(|amount| *amount != 0) else {
        return Ok(());
    };
    let (least, most) = (minimum(currency), maximum(currency));
    let (kind, word, bound) = if amount < least {
        ("greater_than_equal", "least", least)
    } else if amount > most {
        ("less_than_equal", "most", most)
    } else {
        return Ok(());
    };
    let message = format!("Amount must be at {word} {}.", spoken(currency, bound));
    let flaw = Flaw::body(kind, ["amount".into()], message, amount);
    Err(Failure::refused(flaw))
}

/// A line for each price, at the price's amount or the seller's own.
fn lines(
    world: &mut World,
    product: &Product,
    prices: &[Price],
    amount: Option<i64>,
    description: Option<String>,
) -> Vec<OrderItem> {
    let description = description
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    let label = description.unwrap_or_else(|| product.name.clone());
    let line = |price: &Price| {
        let amount = amount.unwrap_or_else(|| price.costs(Quantity::default()));
        item(world, label.clone(), amount, false, Some(price.id))
    };
    prices.iter().map(line).collect()
}

fn refused(field: &str, message: &str, input: String) -> Failure {
    Failure::refused(Flaw::field(field, message, input))
}

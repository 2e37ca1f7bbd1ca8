//! `GET /v1/checkout-links/{client_secret}/redirect`: somebody follows the link.

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::CheckoutLink;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::query::Query;
use crate::reply::Reply;
use crate::resource::checkout;
use crate::resource::product::Visibility;
use crate::world::World;

/// Parameters that become the session's fields.
const FIELDS: &[&str] = &[
    "product_id",
    "customer_email",
    "customer_name",
    "discount_code",
    "locale",
];

/// Parameters that become the session's metadata, unless the link has them already.
const METADATA: &[&str] = &[
    "reference_id",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
];

/// Before the name of a custom field.
const CUSTOM: &str = "custom_field_data.";

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let secret = call.text("client_secret")?;
    let link = world
        .checkout_links
        .of(secret)
        .find(|row| row.client_secret == secret && row.deleted_at.is_none())
        .ok_or_else(Failure::not_found)?
        .clone();
    let body = body(world, &link, &call.query)?;
    let id = checkout::open_from_link(world, link.organization, body, wishes(&call.query))?;
    let secret = &world.checkouts.get(id)?.client_secret;
    let mut address = format!("{}/checkout/{secret}", world.base_url);
    let rest = rest(&call.query);
    if !rest.is_empty() {
        address = format!("{address}?{rest}");
    }
    Ok(Reply::Redirect(address))
}

/// The session as the link's maker wants it.
fn body(world: &World, link: &CheckoutLink, query: &Query) -> Result<Value, Failure> {
    let products: Vec<_> = link
        .products
        .iter()
        .filter_map(|id| world.products.find(*id))
        .filter(|row| !row.archived && row.visibility != Visibility::Draft)
        .map(|row| row.id)
        .collect();
    if products.is_empty() {
        let message = "No product of this link is available.";
        return Err(Failure::refused(Flaw::field(
            "products",
            message,
            Value::Null,
        )));
    }
    let mut metadata: Map<String, Value> = METADATA
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), query.get(name)?.into())))
        .collect();
    metadata.extend(link.metadata.clone());
    // A discount that has run out meanwhile does not close the link.
    let discount = link
        .discount
        .and_then(|id| world.discounts.find(id))
        .filter(|row| row.is_redeemable(world.now()))
        .map(|row| row.id);
    Ok(json!({
        "products": products,
        "allow_discount_codes": link.allow_discount_codes,
        "require_billing_address": link.require_billing_address,
        "discount_id": discount,
        "seats": link.seats,
        "min_seats": link.seats,
        "max_seats": link.seats,
        "success_url": link.success_url,
        "return_url": link.return_url,
        "trial_interval": link.trial.map(|trial| trial.interval),
        "trial_interval_count": link.trial.map(|trial| trial.count),
        "metadata": metadata,
    }))
}

/// What the visitor asks for in the address.
fn wishes(query: &Query) -> Vec<(String, Value)> {
    let mut wishes: Vec<_> = FIELDS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), Value::from(query.get(name)?))))
        .filter(|(name, value)| name != "customer_email" || is_email(value))
        .collect();
    if let Some(amount) = query.number("amount") {
        wishes.push(("amount".to_owned(), amount.into()));
    }
    let answers: Map<String, Value> = query
        .pairs()
        .filter_map(|(name, value)| Some((name.strip_prefix(CUSTOM)?.to_owned(), value.into())))
        .collect();
    if !answers.is_empty() {
        wishes.push(("custom_field_data".to_owned(), answers.into()));
    }
    wishes
}

/// A name, an at sign, a host with a dot.
fn is_email(value: &Value) -> bool {
    let parts = value.as_str().and_then(|text| text.split_once('@'));
    parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
}

/// Parameters that mean nothing here go on to the checkout page.
fn rest(query: &Query) -> String {
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query.pairs() {
        let known = FIELDS.contains(&name)
            || METADATA.contains(&name)
            || name == "amount"
            || name.starts_with(CUSTOM);
        if !known {
            rest.append_pair(name, value);
        }
    }
    rest.finish()
}

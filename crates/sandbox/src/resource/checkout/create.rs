//! `POST /v1/checkouts/`

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::change::{self, By, Changes};
use super::{Buyer, Checkout, CheckoutStatus, announce, choice, offer, render};
use crate::billing::Bill;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::{Customer, filled};
use crate::resource::organization::Organization;
use crate::resource::price::{Price, PriceInput};
use crate::resource::product::{self, Product};
use crate::resource::subscription::Subscription;
use crate::world::{Id, Job, World};

/// Prices made for one session, by product.
pub(super) type AdHoc = BTreeMap<Id<Product>, Vec<PriceInput>>;

const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    products: Vec<Id<Product>>,
    /// Deprecated: one product.
    #[serde(default)]
    product_id: Option<Id<Product>>,
    /// Deprecated: one price of one product.
    #[serde(default)]
    product_price_id: Option<Id<Price>>,
    #[serde(default)]
    prices: Option<AdHoc>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    customer_id: Option<Id<Customer>>,
    #[serde(default, alias = "customer_external_id")]
    external_customer_id: Option<String>,
    #[serde(default)]
    subscription_id: Option<Id<Subscription>>,
    #[serde(default)]
    min_seats: Option<i64>,
    #[serde(default)]
    max_seats: Option<i64>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    customer_metadata: Map<String, Value>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let checkout = prepare(world, organization, call)?;
    let id = open(world, checkout);
    Ok(render(world, world.checkouts.get(id)?).into())
}

/// The session that the call's body describes, not yet open to anybody.
pub(super) fn prepare(
    world: &mut World,
    organization: Id<Organization>,
    call: &Call,
) -> Result<Checkout, Failure> {
    let input: Input = call.input()?;
    let mut changes: Changes = call.input()?;
    let products = products(world, organization, &input)?;
    let mut wanted = input.currency.clone();
    if let Some(price) = input.product_price_id.and_then(|id| world.prices.find(id)) {
        wanted = Some(price.currency.clone());
    }
    let place = if input.products.is_empty() {
        vec!["currency".into()]
    } else {
        vec!["products".into(), 0.into()]
    };
    let currency = offer::currency(world, organization, &products, wanted.as_deref(), place)?;
    let trial = product::pair(
        "trial",
        changes.trial_interval.flatten(),
        changes.trial_interval_count.flatten(),
    )?;
    let offers = offer::make(
        world,
        organization,
        &products,
        &input.prices.clone().unwrap_or_default(),
    )?;
    let Some(product) = products.first().copied() else {
        return Err(missing("products"));
    };

    let subscription = input.subscription_id;
    let customer = input.customer_id;
    let mut checkout = blank(world, organization, input);
    checkout.offers = offers;
    checkout.product = product;
    checkout.currency = currency;
    checkout.trial = trial;
    upgrade(world, &mut checkout, subscription)?;
    know_customer(world, &mut checkout, customer)?;
    // What was said already is not to be said again as an update.
    changes.product_id = None;
    changes.product_price_id = None;
    choice::seat_bounds(world, &checkout)?;
    change::reset_seats(world, &mut checkout);
    change::apply(world, &mut checkout, changes, By::Creator)?;
    Ok(checkout)
}

/// Opens a session and says so.
pub(super) fn open(world: &mut World, checkout: Checkout) -> Id<Checkout> {
    let (id, expires_at) = (checkout.id, checkout.expires_at);
    world.checkouts.insert(id, checkout);
    world.agenda.at(
        super::expire::sweep_after(expires_at),
        Job::ExpireCheckout(id),
    );
    announce::record_created(world, id);
    announce::announce(world, id, "created");
    id
}

/// An open session with nothing in it yet.
fn blank(world: &mut World, organization: Id<Organization>, input: Input) -> Checkout {
    let id = world.chance.id();
    let created_at = world.stamp();
    let client_secret = world.chance.token("polar_c_");
    Checkout {
        id,
        organization,
        created_at,
        modified_at: None,
        status: CheckoutStatus::Open,
        client_secret,
        expires_at: created_at.saturating_add(LIFETIME).unwrap_or(created_at),
        success_url: None,
        return_url: None,
        embed_origin: None,
        offers: Vec::new(),
        product: world.chance.id(),
        currency: String::new(),
        chosen_amount: None,
        seats: None,
        min_seats: input.min_seats,
        max_seats: input.max_seats,
        bill: Bill::new(0, 0, None, crate::billing::TaxSetting::Location),
        discount: None,
        allow_discount_codes: true,
        require_billing_address: false,
        allow_trial: true,
        trial: None,
        trial_end: None,
        buyer: Buyer {
            locale: Some("en".to_owned()),
            ..Buyer::default()
        },
        customer: None,
        external_customer_id: filled(input.external_customer_id),
        customer_metadata: input.customer_metadata,
        upgrades: None,
        subscription: None,
        metadata: input.metadata,
        custom_field_data: Map::new(),
        payment_method_type: None,
        card: None,
        intent_status: None,
        intent_secret: None,
        matched_by_email: false,
    }
}

/// The products on offer, checked at the places where they were named.
fn products(
    world: &World,
    organization: Id<Organization>,
    input: &Input,
) -> Result<Vec<Id<Product>>, Failure> {
    let named: Vec<offer::Named> = match (input.product_id, input.product_price_id) {
        _ if !input.products.is_empty() => input
            .products
            .iter()
            .enumerate()
            .map(|(index, id)| (vec!["products".into(), index.into()], *id))
            .collect(),
        (Some(id), _) => vec![(vec!["product_id".into()], id)],
        (None, Some(price)) => {
            let known = world.prices.find(price).filter(|price| !price.archived);
            let Some(known) = known else {
                let message = "Price does not exist.";
                let flaw = Flaw::field("product_price_id", message, price.to_string());
                return Err(Failure::refused(flaw));
            };
            vec![(vec!["product_price_id".into()], known.product)]
        }
        (None, None) => return Err(missing("products")),
    };
    offer::check(world, organization, &named)?;
    Ok(named.into_iter().map(|(_, id)| id).collect())
}

/// A free subscription may be upgraded; its customer is the buyer.
fn upgrade(
    world: &World,
    checkout: &mut Checkout,
    subscription: Option<Id<Subscription>>,
) -> Result<(), Failure> {
    let Some(id) = subscription else {
        return Ok(());
    };
    let row = world
        .subscriptions
        .find(id)
        .filter(|row| row.organization == checkout.organization && row.is_active());
    let message = match row {
        None => "Subscription does not exist.",
        Some(row) if row.base_amount(world) > 0 => "Only free subscriptions can be upgraded.",
        Some(row) => {
            checkout.upgrades = Some(id);
            return know_customer(world, checkout, Some(row.customer));
        }
    };
    Err(Failure::refused(Flaw::field(
        "subscription_id",
        message,
        id.to_string(),
    )))
}

/// Prefills what is known of the buyer, by id or by the seller's own id.
fn know_customer(
    world: &World,
    checkout: &mut Checkout,
    id: Option<Id<Customer>>,
) -> Result<(), Failure> {
    let organization = checkout.organization;
    let known = match (id, &checkout.external_customer_id) {
        (Some(id), _) => {
            let known = world.customer(organization, id);
            if known.is_none() {
                let message = "Customer does not exist.";
                let flaw = Flaw::field("customer_id", message, id.to_string());
                return Err(Failure::refused(flaw));
            }
            known
        }
        (None, Some(external_id)) => world.customer_by_external_id(organization, external_id),
        (None, None) => None,
    };
    if let Some(known) = known {
        checkout.customer = Some(known.id);
        let buyer = &mut checkout.buyer;
        buyer.name.clone_from(&known.name);
        buyer.email.clone_from(&known.email);
        buyer.billing_name.clone_from(&known.billing_name);
        buyer.billing_address.clone_from(&known.billing_address);
        buyer.tax_id.clone_from(&known.tax_id);
    }
    Ok(())
}

fn missing(field: &str) -> Failure {
    Failure::refused(Flaw::body(
        "missing",
        [field.into()],
        "Field required",
        Value::Null,
    ))
}

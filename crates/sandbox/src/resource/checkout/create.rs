//! `POST /v1/checkouts/`

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::change::{self, By, Changes};
use super::{Buyer, Checkout, CheckoutStatus, announce, buyer, number, offer, render};
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
    min_units: Option<i64>,
    #[serde(default)]
    max_units: Option<i64>,
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
fn prepare(
    world: &mut World,
    organization: Id<Organization>,
    call: &Call,
) -> Result<Checkout, Failure> {
    let input: Input = call.input()?;
    let changes: Changes = call.input()?;
    let Named { products, at } = products(world, organization, &input)?;
    let ad_hoc = input.prices.clone().unwrap_or_default();
    let offers = offer::make(world, organization, &products, &ad_hoc)?;
    let Some(first) = offers.first() else {
        return Err(missing("products"));
    };
    let by_price = input.product_price_id.filter(|_| input.products.is_empty());
    let wanted = match by_price.and_then(|id| world.prices.find(id)) {
        Some(price) => Some(price.currency.clone()),
        None => input.currency.clone(),
    };
    let currency = offer::currency(world, organization, first, wanted.as_deref(), at)?;
    let trial = product::pair(
        "trial",
        changes.trial_interval.flatten(),
        changes.trial_interval_count.flatten(),
    )?;
    let (subscription, customer) = (input.subscription_id, input.customer_id);
    let product = first.product;
    let mut checkout = blank(world, organization);
    (checkout.min_seats, checkout.max_seats) = (input.min_seats, input.max_seats);
    (checkout.min_units, checkout.max_units) = (input.min_units, input.max_units);
    checkout.external_customer_id = filled(input.external_customer_id);
    checkout.customer_metadata = input.customer_metadata;
    checkout.metadata = input.metadata;
    checkout.offers = offers;
    checkout.product = product;
    checkout.currency = currency;
    checkout.trial = trial;
    number::check_bounds(world, &checkout)?;
    number::begin(world, &mut checkout, (changes.seats, changes.units), true)?;
    let business_said = changes.buyer.is_business_customer.is_some();
    change::apply(world, &mut checkout, changes, By::Creator)?;
    upgrade(world, &mut checkout, subscription)?;
    know_customer(world, &mut checkout, customer, business_said)?;
    checkout.rebill(world);
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
pub(super) fn blank(world: &mut World, organization: Id<Organization>) -> Checkout {
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
        min_seats: None,
        max_seats: None,
        units: None,
        min_units: None,
        max_units: None,
        bill: Bill::untaxed(0, 0),
        discount: None,
        allow_discount_codes: true,
        require_billing_address: false,
        allow_trial: true,
        trial: None,
        trial_end: None,
        buyer: Buyer::default(),
        customer: None,
        external_customer_id: None,
        customer_metadata: Map::new(),
        upgrades: None,
        subscription: None,
        order: None,
        opened_at: None,
        metadata: Map::new(),
        custom_field_data: Map::new(),
        payment_method_type: None,
        card: None,
        intent_status: None,
        intent_secret: None,
        matched_by_email: false,
    }
}

/// The products on offer, and where a currency they lack is refused.
struct Named {
    products: Vec<Id<Product>>,
    at: Vec<Value>,
}

/// The products on offer, checked at the places where they were named.
fn products(
    world: &World,
    organization: Id<Organization>,
    input: &Input,
) -> Result<Named, Failure> {
    if !input.products.is_empty() {
        let places = input.products.iter().enumerate();
        let named: Vec<offer::Named> = places
            .map(|(index, id)| (vec!["products".into(), index.into()], *id))
            .collect();
        offer::check(world, organization, &named)?;
        let (products, at) = (input.products.clone(), vec!["products".into(), 0.into()]);
        return Ok(Named { products, at });
    }
    if let Some(id) = input.product_id {
        let at: Vec<Value> = vec!["product_id".into()];
        offer::check(world, organization, &[(at.clone(), id)])?;
        let products = vec![id];
        return Ok(Named { products, at });
    }
    let Some(price) = input.product_price_id else {
        return Err(missing("products"));
    };
    let product = offer::of_price(world, organization, price)?;
    Ok(Named {
        products: vec![product],
        at: vec!["product_price_id".into()],
    })
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
        .filter(|row| row.organization == checkout.organization);
    let free = |id: &Id<Price>| world.prices.find(*id).is_none_or(Price::is_free);
    let message = match row {
        None => "Subscription does not exist.",
        Some(row) if !row.prices.iter().all(free) => "Only free subscriptions can be upgraded.",
        Some(row) => {
            checkout.upgrades = Some(id);
            checkout.customer = Some(row.customer);
            return Ok(());
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
    business_said: bool,
) -> Result<(), Failure> {
    let organization = checkout.organization;
    let id = checkout.customer.or(id);
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
        buyer::prefill(world, &mut checkout.buyer, known, business_said);
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

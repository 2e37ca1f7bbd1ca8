//! `POST /v1/subscriptions/`: free products only; others are bought.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::begin::{NewSubscription, begin};
use super::{announce, number, plan, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::{self, Customer};
use crate::resource::organization::Organization;
use crate::resource::price::{Countable, Price};
use crate::resource::product::Product;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    product_id: Id<Product>,
    #[serde(default)]
    customer_id: Option<Id<Customer>>,
    #[serde(default)]
    external_customer_id: Option<String>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let input: Input = call.input()?;
    let product = product(world, organization, input.product_id)?.clone();
    let Some(cycle) = product.cycle else {
        return Err(refused("Product is not a recurring product.", product.id));
    };
    let currency = &world
        .organizations
        .get(organization)?
        .default_presentment_currency;
    let (prices, currency) = (plan::prices_in(world, &product, currency), currency.clone());
    refuse_paid(world, &product, &prices)?;
    let least = |countable| {
        let sold = number::sold_by(world, &prices, countable);
        sold.map(|(_, bounds)| bounds.least)
    };
    let (seats, units) = (least(Countable::Seats), least(Countable::Units));
    let customer = customer(world, organization, &input)?.id;
    let id = begin(
        world,
        NewSubscription {
            organization,
            customer,
            product: product.id,
            prices,
            checkout: None,
            payment_method: None,
            currency,
            chosen_amount: None,
            seats,
            units,
            cycle,
            trial: None,
            discount: None,
            metadata: input.metadata,
            custom_field_data: Map::new(),
        },
    );
    if seats.is_some() {
        customer::become_team(world, customer);
    }
    announce::sync_grants(world, id);
    Ok(render(world, world.subscriptions.get(id)?).into())
}

fn product(
    world: &World,
    organization: Id<Organization>,
    id: Id<Product>,
) -> Result<&Product, Failure> {
    world
        .products
        .find(id)
        .filter(|row| row.organization == organization)
        .ok_or_else(|| refused("Product does not exist.", id))
}

/// What it costs up front decides; where there is nothing up front, what it costs by use.
fn refuse_paid(world: &World, product: &Product, prices: &[Id<Price>]) -> Result<(), Failure> {
    let mut known = prices.iter().filter_map(|id| world.prices.find(*id));
    let first = known.clone().next();
    if known
        .find(|price| price.is_static())
        .or(first)
        .is_none_or(Price::is_free)
    {
        return Ok(());
    }
    let message = "Product is not free. The customer should go through a checkout to create a paid subscription.";
    Err(refused(message, product.id))
}

fn customer<'w>(
    world: &'w World,
    organization: Id<Organization>,
    input: &Input,
) -> Result<&'w Customer, Failure> {
    let message = "Customer does not exist.";
    match (input.customer_id, &input.external_customer_id) {
        (Some(id), _) => world
            .customer(organization, id)
            .ok_or_else(|| Failure::refused(Flaw::field("customer_id", message, id.to_string()))),
        (None, Some(external_id)) => world
            .customer_by_external_id(organization, external_id)
            .ok_or_else(|| {
                let input = external_id.as_str();
                Failure::refused(Flaw::field("external_customer_id", message, input))
            }),
        (None, None) => {
            let flaw = Flaw::body(
                "missing",
                ["customer_id".into()],
                "Field required",
                Value::Null,
            );
            Err(Failure::refused(flaw))
        }
    }
}

fn refused(message: &str, product: Id<Product>) -> Failure {
    Failure::refused(Flaw::field("product_id", message, product.to_string()))
}

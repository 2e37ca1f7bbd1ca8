//! `POST /v1/subscriptions/`: free products only; others are bought.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::begin::{NewSubscription, begin};
use super::{announce, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::Customer;
use crate::resource::organization::Organization;
use crate::resource::price::Price;
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
    let product = free_product(world, organization, input.product_id)?.clone();
    let Some(cycle) = product.cycle else {
        return Err(refused("Product is not a recurring product.", product.id));
    };
    let customer = customer(world, organization, &input)?.id;
    let currency = product
        .prices
        .first()
        .and_then(|id| world.prices.find(*id))
        .map_or_else(|| "usd".to_owned(), |price| price.currency.clone());
    let id = begin(
        world,
        NewSubscription {
            organization,
            customer,
            product: product.id,
            prices: product.prices,
            checkout: None,
            payment_method: None,
            currency,
            chosen_amount: None,
            seats: None,
            cycle,
            trial: None,
            discount: None,
            metadata: input.metadata,
            custom_field_data: Map::new(),
        },
    );
    announce::sync_grants(world, id);
    Ok(render(world, world.subscriptions.get(id)?).into())
}

fn free_product(
    world: &World,
    organization: Id<Organization>,
    id: Id<Product>,
) -> Result<&Product, Failure> {
    let product = world
        .products
        .find(id)
        .filter(|row| row.organization == organization)
        .ok_or_else(|| refused("Product does not exist.", id))?;
    if product.archived {
        return Err(refused("Product is archived.", id));
    }
    if product.cycle.is_none() {
        return Err(refused("Product is not a recurring product.", id));
    }
    let free = product
        .prices
        .iter()
        .filter_map(|id| world.prices.find(*id))
        .all(Price::is_free);
    if !free {
        let message = "Product is not free. The customer should go through a checkout to create a paid subscription.";
        return Err(refused(message, id));
    }
    Ok(product)
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

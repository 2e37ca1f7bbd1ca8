//! Sessions that a checkout link opens.

use polarkit_model::Patch;
use serde_json::{Map, Value};

use super::{Checkout, Offer, choice, create, discount, number, offer};
use crate::billing::Cycle;
use crate::failure::Failure;
use crate::resource::custom_field;
use crate::resource::discount::Discount;
use crate::resource::organization::Organization;
use crate::resource::price::Price;
use crate::resource::product::Product;
use crate::world::{Id, World};

/// What a link's maker wants, and what its visitor asks for.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    pub(crate) products: Vec<Id<Product>>,
    pub(crate) allow_discount_codes: bool,
    pub(crate) require_billing_address: bool,
    pub(crate) discount: Option<Id<Discount>>,
    /// How many seats or units are bought, no more and no fewer.
    pub(crate) seats: Option<i64>,
    pub(crate) units: Option<i64>,
    pub(crate) success_url: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) embed_origin: Option<String>,
    pub(crate) trial: Option<Cycle>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) wishes: Wishes,
}

/// What a visitor asks for. A wish that cannot be granted is passed over in silence.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) product: Option<Id<Product>>,
    pub(crate) amount: Option<i64>,
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) discount_code: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) answers: Map<String, Value>,
}

/// Opens a session.
pub(crate) fn open_from_link(
    world: &mut World,
    organization: Id<Organization>,
    opening: Opening,
) -> Result<Id<Checkout>, Failure> {
    let offers: Vec<_> = opening
        .products
        .iter()
        .filter_map(|id| world.products.find(*id))
        .map(|row| Offer {
            product: row.id,
            prices: row.prices.clone(),
        })
        .collect();
    let wanted = opening.wishes.product;
    let mut selected = offers.iter().find(|offer| Some(offer.product) == wanted);
    selected = selected.or(offers.first());
    let Some(selected) = selected else {
        return Err(Failure::not_found());
    };
    let place = vec!["products".into()];
    let currency = offer::currency(world, organization, selected, None, place)?;
    let product = selected.product;
    let mut checkout = create::blank(world, organization);
    checkout.product = product;
    checkout.offers = offers;
    checkout.currency = currency;
    checkout.trial = opening.trial;
    checkout.require_billing_address = opening.require_billing_address;
    checkout.success_url = opening.success_url;
    checkout.return_url = opening.return_url;
    checkout.embed_origin = opening.embed_origin;
    checkout.metadata = opening.metadata;
    number::lock(world, &mut checkout, opening.seats, opening.units)?;
    if let Some(id) = opening.discount {
        let _unfit = discount::by_id(world, &mut checkout, Some(id));
    }
    grant(world, &mut checkout, opening.wishes);
    checkout.allow_discount_codes = opening.allow_discount_codes;
    checkout.rebill(world);
    Ok(create::open(world, checkout))
}

fn grant(world: &World, checkout: &mut Checkout, wishes: Wishes) {
    if let Some(amount) = wishes.amount {
        let _out_of_bounds = choice::amount(world, checkout, Patch::Value(amount));
    }
    checkout.buyer.email = wishes.email;
    checkout.buyer.name = wishes.name;
    if let Some(code) = wishes.discount_code {
        let _unknown = discount::by_code(world, checkout, Some(code));
    }
    let attached = checkout.product_row(world).map(|row| &row.custom_fields);
    let attached = attached.map(Vec::as_slice).unwrap_or_default();
    if let Ok(answers) = custom_field::checked(world, attached, &wishes.answers, false) {
        checkout.custom_field_data = answers;
    }
    let organization = world.organizations.find(checkout.organization);
    let speaks = organization.is_some_and(|row| row.features.checkout_localization_enabled);
    checkout.buyer.locale = if speaks {
        wishes.locale
    } else {
        Some("en".to_owned())
    };
}

/// Refuses products that cannot be bought, each at its place in the body's `products`.
pub(crate) fn check_products(
    world: &World,
    organization: Id<Organization>,
    products: &[Id<Product>],
) -> Result<(), Failure> {
    let named: Vec<offer::Named> = products
        .iter()
        .enumerate()
        .map(|(index, id)| (vec!["products".into(), index.into()], *id))
        .collect();
    offer::check(world, organization, &named)
}

/// The product of a price that is named alone, when both can be bought.
pub(crate) fn product_of_price(
    world: &World,
    organization: Id<Organization>,
    price: Id<Price>,
) -> Result<Id<Product>, Failure> {
    let product = offer::of_price(world, organization, price)?;
    let named = [(vec!["product_price_id".into()], product)];
    offer::check(world, organization, &named)?;
    Ok(product)
}

//! Cards on file.

use serde_json::{Value, json};

use super::{Card, PaymentMethod};
use crate::render;
use crate::resource::customer::Customer;
use crate::world::{Id, World};

/// A customer's cards, newest first.
pub(crate) fn of(world: &World, customer: Id<Customer>) -> Vec<&PaymentMethod> {
    world
        .payment_methods
        .of(customer)
        .rev()
        .filter(|row| row.deleted_at.is_none())
        .collect()
}

/// Keeps a card for later charges. The same card is kept once.
pub(crate) fn store(world: &mut World, customer: Id<Customer>, card: &Card) -> Id<PaymentMethod> {
    if let Some(known) = of(world, customer)
        .into_iter()
        .find(|row| row.card == *card)
    {
        return known.id;
    }
    keep(world, customer, card)
}

/// Keeps a card that the customer added by hand, whether or not it is on file already.
pub(crate) fn keep(world: &mut World, customer: Id<Customer>, card: &Card) -> Id<PaymentMethod> {
    let id = world.chance.id();
    let created_at = world.stamp();
    let row = PaymentMethod {
        id,
        customer,
        created_at,
        modified_at: None,
        deleted_at: None,
        card: card.clone(),
    };
    world.payment_methods.insert(id, row);
    id
}

/// The card as the API shows it.
pub(crate) fn render(world: &World, method: &PaymentMethod) -> Value {
    let customer = world.customers.find(method.customer);
    let is_default = customer.is_some_and(|row| row.default_payment_method == Some(method.id));
    json!({
        "id": method.id,
        "created_at": render::time(method.created_at),
        "modified_at": render::time_or_null(method.modified_at),
        "processor": "stripe",
        "customer_id": method.customer,
        "type": "card",
        "method_metadata": {
            "brand": method.card.brand,
            "last4": method.card.last4,
            "exp_month": 12,
            "exp_year": 2034,
            "wallet": null,
        },
        "is_default": is_default,
    })
}

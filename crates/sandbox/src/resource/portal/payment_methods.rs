//! `/v1/customer-portal/customers/me/payment-methods`

use serde::Deserialize;
use serde_json::json;

use super::Visitor;
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::resource::customer::{self, Customer};
use crate::resource::payment_method::{self, Outcome, PaymentMethod};
use crate::resource::subscription;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    confirmation_token_id: String,
    set_default: bool,
}

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let rows = payment_method::of(world, visitor.customer);
    Ok(list::paged(call, &rows, |row| {
        payment_method::render(world, row)
    }))
}

/// Keeps a card. One that asks for its holder is kept at once: the sandbox has no dialog for that here.
pub(super) fn add(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let input: Input = call.input()?;
    let card = payment_method::card(&input.confirmation_token_id);
    if let Outcome::Declined(decline) = card.first {
        let name = "PaymentMethodSetupFailed";
        return Err(Failure::named(400, name, decline.message()));
    }
    let id = payment_method::keep(world, visitor.customer, &card);
    if input.set_default {
        world
            .customers
            .get_mut(visitor.customer)?
            .default_payment_method = Some(id);
        customer::touch(world, visitor.customer);
        subscription::use_card(world, visitor.customer, id);
    }
    let method = payment_method::render(world, world.payment_methods.get(id)?);
    Ok(json!({"status": "succeeded", "payment_method": method}).into())
}

/// Forgets a card. Subscriptions that use it go on with another; the last one cannot be taken from them.
pub(super) fn delete(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let id = call.id("id")?;
    let cards = payment_method::of(world, visitor.customer);
    if cards.iter().all(|card| card.id != id) {
        return Err(Failure::not_found());
    }
    let other = cards.iter().map(|card| card.id).find(|card| *card != id);
    if other.is_none() && pays_for_something(world, visitor.customer) {
        let detail = "This payment method is used by an active subscription and cannot be deleted.";
        let name = "PaymentMethodInUseByActiveSubscription";
        return Err(Failure::named(400, name, detail));
    }
    forget(world, visitor.customer, id, other)?;
    Ok(Reply::Empty)
}

fn pays_for_something(world: &World, customer: Id<Customer>) -> bool {
    let billed = |id| world.prices.find(id).is_some_and(|price| !price.is_free());
    world
        .subscriptions
        .of(customer)
        .filter(|row| row.is_billable())
        .any(|row| row.prices.iter().any(|id| billed(*id)))
}

fn forget(
    world: &mut World,
    customer: Id<Customer>,
    id: Id<PaymentMethod>,
    other: Option<Id<PaymentMethod>>,
) -> Result<(), Failure> {
    let now = world.stamp();
    world.payment_methods.get_mut(id)?.deleted_at = Some(now);
    world.subscriptions.change_where(
        |row| row.payment_method == Some(id),
        |row| row.payment_method = other,
    );
    let row = world.customers.get_mut(customer)?;
    if row.default_payment_method == Some(id) {
        row.default_payment_method = other;
        customer::touch(world, customer);
    }
    Ok(())
}

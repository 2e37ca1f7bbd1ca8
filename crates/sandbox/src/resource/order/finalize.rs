//! `POST /v1/orders/{id}/finalize`: a draft is charged to a card on file, now or not at all.

use serde::Deserialize;

use super::{Order, OrderStatus, add, draft, get, render, settle};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::customer::Customer;
use crate::resource::grant::GrantScope;
use crate::resource::organization;
use crate::resource::payment::{self, Attempt};
use crate::resource::payment_method::{self, Outcome, PaymentMethod};
use crate::world::{Id, Job, World};

#[derive(Default, Deserialize)]
struct Input {
    #[serde(default)]
    payment_method_id: Option<Id<PaymentMethod>>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Option<Input> = call.input()?;
    let input = input.unwrap_or_default();
    let order = get::own(world, call)?;
    if order.status != OrderStatus::Draft {
        let (id, status) = (order.id, order.status.word());
        let detail = format!(
            "Order {id} is not in draft status (current: {status}). Only draft orders can be modified or finalized."
        );
        return Err(Failure::named(412, "OrderNotDraft", detail));
    }
    draft::check_opened(world, order.organization)?;
    check_ready(world, order)?;
    let method = method(world, order.customer, input.payment_method_id)?.clone();
    let id = order.id;
    pay(world, id, &method)?;
    world.agenda.soon(Job::SyncGrants(GrantScope::Order(id)));
    Ok(render(world, world.orders.get(id)?).into())
}

fn check_ready(world: &World, order: &Order) -> Result<(), Failure> {
    let id = order.organization;
    if organization::capabilities(world, id).checkout_payments {
        return Ok(());
    }
    let detail = format!(
        "This organization ({id}) can't accept payments yet. Its account may be pending onboarding or under review."
    );
    Err(Failure::named(
        403,
        "OrganizationNotReadyForPayments",
        detail,
    ))
}

/// The card that was asked for, else the customer's usual one, else any.
fn method(
    world: &World,
    customer: Id<Customer>,
    asked: Option<Id<PaymentMethod>>,
) -> Result<&PaymentMethod, Failure> {
    let usual = world.customers.find(customer);
    let wanted = asked.or_else(|| usual.and_then(|row| row.default_payment_method));
    payment_method::of(world, customer)
        .into_iter()
        .rev()
        .find(|row| wanted.is_none_or(|wanted| row.id == wanted))
        .ok_or_else(|| failed("missing_payment_method"))
}

/// Charges the card. A draft whose charge fails stays one, without a number.
fn pay(world: &mut World, id: Id<Order>, method: &PaymentMethod) -> Result<(), Failure> {
    let order = world.orders.get(id)?;
    if settle::is_too_small(order) {
        add::number(world, id);
        settle::remember_as_debt(world, id);
        return Ok(());
    }
    let outcome = method.card.later;
    if outcome == Outcome::NeedsAuthentication {
        let detail = format!(
            "Order {id} payment requires customer authentication (e.g. 3DS challenge); off-session charge cannot complete."
        );
        return Err(Failure::named(402, "PaymentActionRequired", detail));
    }
    let attempt = Attempt::for_order(world, order, &method.card, None);
    payment::add(world, attempt, outcome);
    if outcome != Outcome::Succeeds {
        return Err(failed("card_error"));
    }
    add::number(world, id);
    settle::mark_paid(world, id, true);
    Ok(())
}

fn failed(reason: &str) -> Failure {
    let detail = format!("Payment failed with reason: {reason}.");
    Failure::named(402, "PaymentFailed", detail)
}

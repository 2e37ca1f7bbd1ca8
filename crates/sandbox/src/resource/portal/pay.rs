//! `POST /v1/customer-portal/orders/{id}/confirm-payment`: the customer pays an open order themselves.

use serde::Deserialize;
use serde_json::{Value, json};

use super::orders::own;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::Customer;
use crate::resource::order::{self, Charged, Order, OrderStatus};
use crate::resource::payment::Trigger;
use crate::resource::payment_method::{self, Card, Decline, Outcome, PaymentMethod};
use crate::world::{Id, World};

/// How often a customer may try one order.
const TRIES: usize = 5;

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    confirmation_token_id: Option<String>,
    #[serde(default)]
    payment_method_id: Option<Id<PaymentMethod>>,
}

/// The card to try, what its bank says, and which row it has when it is on file.
struct Means {
    card: Card,
    outcome: Outcome,
    on_file: Option<Id<PaymentMethod>>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    names_one(&input, &call.body)?;
    let (_, row) = own(world, call)?;
    check(world, row)?;
    let (id, customer, subscription) = (row.id, row.customer, row.subscription);
    let means = means(world, customer, &input)?;
    if means.outcome == Outcome::NeedsAuthentication {
        let secret = format!("pi_{}", world.chance.alphanumeric(24));
        return Ok(shown("requires_action", Some(&secret), None).into());
    }
    let trigger = Trigger::RetryCustomer;
    if order::charge_card(world, id, &means.card, means.outcome, trigger) != Charged::Paid {
        let error = match means.outcome {
            Outcome::Declined(decline) => decline.message(),
            Outcome::Succeeds | Outcome::NeedsAuthentication => Decline::Generic.message(),
        };
        return Ok(shown("failed", None, Some(error)).into());
    }
    let method = match means.on_file {
        Some(method) => method,
        None => payment_method::keep(world, customer, &means.card),
    };
    if let Some(row) = subscription.and_then(|id| world.subscriptions.find_mut(id)) {
        row.payment_method = Some(method);
    }
    Ok(shown("succeeded", None, None).into())
}

fn check(world: &World, row: &Order) -> Result<(), Failure> {
    let is_open = row.status == OrderStatus::Pending && row.next_payment_attempt_at.is_some();
    if !is_open || row.subscription.is_none() {
        let detail = format!("Order {} is not eligible for payment retry.", row.id);
        return Err(Failure::named(422, "OrderNotEligibleForRetry", detail));
    }
    let tries = world
        .payments
        .of(row.id)
        .filter(|payment| payment.trigger == Some(Trigger::RetryCustomer))
        .count();
    if tries >= TRIES {
        let detail = format!(
            "Maximum number of manual payment retry attempts has been reached for order {}.",
            row.id
        );
        return Err(Failure::named(429, "ManualRetryLimitExceeded", detail));
    }
    Ok(())
}

/// A body that names no card, or two, is refused as a whole.
fn names_one(input: &Input, body: &Value) -> Result<(), Failure> {
    let cards = [
        input.confirmation_token_id.is_some(),
        input.payment_method_id.is_some(),
    ];
    let problem = match cards {
        [false, false] => "Either confirmation_token_id or payment_method_id must be provided",
        [true, true] => "Only one of confirmation_token_id or payment_method_id can be provided",
        [true, false] | [false, true] => return Ok(()),
    };
    let message = format!("Value error, {problem}");
    let mut flaw = Flaw::body("value_error", [], message, body.clone());
    flaw.context = Some(json!({"error": {}}));
    Err(Failure::refused(flaw))
}

/// A card typed in now behaves as at a purchase; one on file as at a renewal.
fn means(world: &World, customer: Id<Customer>, input: &Input) -> Result<Means, Failure> {
    let Some(id) = input.payment_method_id else {
        let token = input.confirmation_token_id.as_deref().unwrap_or_default();
        let card = payment_method::card(token);
        let outcome = card.first;
        return Ok(Means {
            card,
            outcome,
            on_file: None,
        });
    };
    let method = payment_method::of(world, customer)
        .into_iter()
        .find(|row| row.id == id)
        .ok_or_else(|| {
            let detail = "Payment method does not belong to customer";
            Failure::named(422, "PaymentRetryValidationError", detail)
        })?;
    let card = method.card.clone();
    let outcome = card.later;
    Ok(Means {
        card,
        outcome,
        on_file: Some(id),
    })
}

fn shown(status: &str, secret: Option<&str>, error: Option<&str>) -> Value {
    json!({"status": status, "client_secret": secret, "error": error})
}

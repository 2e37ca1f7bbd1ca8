//! `POST /v1/checkouts/client/{client_secret}/confirm`: the buyer presses "pay".

use serde::Deserialize;
use serde_json::Value;

use super::change::{self, By, Changes};
use super::customer::{self, Buying};
use super::render::render_confirmed;
use super::{Checkout, CheckoutStatus, announce, discount, get, update};
use crate::billing::{Address, AddressFields};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::discount::{Redemption, plain_email};
use crate::resource::organization;
use crate::resource::payment_method::{self, Card, Decline, Outcome, PaymentMethod};
use crate::resource::session;
use crate::world::{Id, Job, World};

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    confirmation_token_id: Option<String>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let changes: Changes = call.input()?;
    let mut checkout = get::by_secret(world, call)?.clone();
    update::check_open(&checkout)?;
    change::apply(world, &mut checkout, changes, By::Payer)?;
    check(world, &checkout, input.confirmation_token_id.is_none())?;
    let buying = customer::find(world, &checkout)?;
    let needs = checkout.needs(world);
    let token = input.confirmation_token_id.filter(|_| needs.form());
    let card = token.map(|token| payment_method::card(&token));
    checkout.customer = buying.known().or(checkout.customer);
    discount::check_limit(world, &checkout, card.as_ref())?;
    if let Some((card, Outcome::Declined(decline))) = card.as_ref().map(|card| (card, card.first)) {
        return Err(decline_now(world, &checkout, card, decline));
    }
    check_trial(world, &checkout, card.as_ref())?;
    let id = checkout.id;
    take(world, checkout, buying, card)?;
    let token = portal_token(world, id, buying)?;
    Ok(render_confirmed(world, world.checkouts.get(id)?, token.as_deref()).into())
}

/// Everything that must be there before anybody is charged.
fn check(world: &World, checkout: &Checkout, no_token: bool) -> Result<(), Failure> {
    let discount = checkout.discount.and_then(|id| world.discounts.find(id));
    if let Some(spent) = discount.filter(|row| !row.is_open(world.now())) {
        let message = "Discount is no longer redeemable.";
        let flaw = Flaw::field("discount_id", message, spent.id.to_string());
        return Err(Failure::refused(flaw));
    }
    let mut flaws = Vec::new();
    if let Some(price) = checkout.price(world).filter(|price| price.archived) {
        let (message, input) = ("Price is archived.", price.id.to_string());
        flaws.push(Flaw::field("product_price_id", message, input));
    }
    let needs_form = checkout.needs(world).form();
    if needs_form && !organization::capabilities(world, checkout.organization).checkout_payments {
        let detail = "Organization is not ready to accept payments";
        return Err(Failure::named(403, "PaymentNotReady", detail));
    }
    flaws.extend(missing_of_buyer(checkout, needs_form));
    if needs_form && no_token {
        let message = "Confirmation token is required.";
        let place = ["confirmation_token_id".into()];
        flaws.push(Flaw::body("missing", place, message, Value::Null));
    }
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(flaws))
}

/// What the buyer has yet to say.
fn missing_of_buyer(checkout: &Checkout, needs_form: bool) -> Vec<Flaw> {
    let buyer = &checkout.buyer;
    let written = buyer.billing_address.as_ref();
    let in_full = checkout.needs_whole_address();
    let mut missing: Vec<Vec<Value>> = Vec::new();
    if buyer.email.is_none() && checkout.customer.is_none() {
        missing.push(vec!["customer_email".into()]);
    }
    if buyer.is_business && buyer.billing_name.is_none() {
        missing.push(vec!["customer_billing_name".into()]);
    }
    if (needs_form || buyer.is_business) && written.is_none() {
        missing.push(vec!["customer_billing_address".into()]);
    }
    if needs_form {
        let country = written.map(|address| address.country.as_str());
        let parts = AddressFields::of(country, in_full).words().into_iter();
        let required = parts.filter(|(_, word)| *word == "required");
        let absent = |part: &str| written.and_then(|address| address.part(part)).is_none();
        let absent = required.filter(|(part, _)| absent(part));
        missing
            .extend(absent.map(|(part, _)| vec!["customer_billing_address".into(), part.into()]));
    }
    let mut flaws: Vec<_> = missing
        .into_iter()
        .map(|place| {
            let mut flaw = Flaw::body("missing", [], "Field is required.", Value::Null);
            flaw.at.extend(place);
            flaw
        })
        .collect();
    if in_full && !written.is_some_and(Address::has_lines) {
        let message = "Full billing address is required.";
        let input = written.map(Address::render);
        flaws.push(Flaw::field("customer_billing_address", message, input));
    }
    flaws
}

/// Refuses another trial where one is all a customer gets: known by e-mail or by card.
fn check_trial(world: &World, checkout: &Checkout, card: Option<&Card>) -> Result<(), Failure> {
    let strict = world
        .organizations
        .find(checkout.organization)
        .is_some_and(|row| row.subscriptions.prevent_trial_abuse);
    if !strict || checkout.active_trial(world).is_none() {
        return Ok(());
    }
    let known = checkout.customer.and_then(|id| world.customers.find(id));
    let email = match known {
        Some(row) => row.email.as_deref(),
        None => checkout.buyer.email.as_deref(),
    };
    let Some(email) = email.map(plain_email) else {
        return Ok(());
    };
    let same_card = |method: Id<PaymentMethod>| {
        let other = world.payment_methods.find(method).map(|row| &row.card);
        let (Some(card), Some(other)) = (card, other) else {
            return false;
        };
        (&card.brand, &card.last4) == (&other.brand, &other.last4)
    };
    let had = world
        .subscriptions
        .iter()
        .filter(|row| row.organization == checkout.organization && row.trial_start.is_some())
        .any(|row| {
            let other = world.customers.find(row.customer);
            let other = other.and_then(|row| row.email.as_deref());
            other.map(plain_email).as_ref() == Some(&email)
                || row.payment_method.is_some_and(same_card)
        });
    if !had {
        return Ok(());
    }
    let detail = "You have already used a trial for this product. Trials can only be used once per customer.";
    Err(Failure::named(403, "TrialAlreadyRedeemed", detail))
}

/// The bank refuses while the buyer waits: the session stays as it was.
fn decline_now(world: &mut World, checkout: &Checkout, card: &Card, decline: Decline) -> Failure {
    if checkout.needs(world).payment {
        world.agenda.soon(Job::NoteDecline {
            checkout: checkout.id,
            card: card.clone(),
            decline,
        });
    }
    let detail = format!(
        "The payment failed: {} Please try again with a different payment method.",
        decline.message()
    );
    Failure::named(400, "PaymentError", detail)
}

/// Confirms the session: the customer is known from here on, the discount is used, the card is asked.
fn take(
    world: &mut World,
    mut checkout: Checkout,
    buying: Buying,
    card: Option<Card>,
) -> Result<(), Failure> {
    let customer = customer::settle(world, &checkout, buying);
    let (id, discount) = (checkout.id, checkout.discount);
    let email = checkout.buyer.email.as_deref().map(plain_email);
    let waits = card
        .as_ref()
        .is_some_and(|card| card.first == Outcome::NeedsAuthentication);
    if card.is_some() {
        let kind = if checkout.needs(world).payment {
            "pi"
        } else {
            "seti"
        };
        let (name, secret) = (world.chance.alphanumeric(24), world.chance.alphanumeric(25));
        checkout.intent_secret = Some(format!("{kind}_{name}_secret_{secret}"));
        let status = if waits {
            "requires_action"
        } else {
            "succeeded"
        };
        checkout.intent_status = Some(status.to_owned());
    }
    checkout.customer = Some(customer);
    checkout.matched_by_email = buying.by_email();
    checkout.card = card;
    checkout.status = CheckoutStatus::Confirmed;
    checkout.modified_at = Some(world.stamp());
    *world.checkouts.get_mut(id)? = checkout;
    if let Some(discount) = discount.and_then(|id| world.discounts.find_mut(id)) {
        discount.redemptions.push(Redemption {
            checkout: Some(id),
            subscription: None,
            customer: Some(customer),
            email,
        });
    }
    announce::announce(world, id, "updated");
    if !waits {
        world.agenda.soon(Job::CompleteCheckout(id));
    }
    Ok(())
}

/// A key to the portal, for whoever did not just type in somebody's e-mail.
fn portal_token(
    world: &mut World,
    id: Id<Checkout>,
    buying: Buying,
) -> Result<Option<String>, Failure> {
    if buying.by_email() {
        return Ok(None);
    }
    let Some(customer) = world.checkouts.get(id)?.customer else {
        return Ok(None);
    };
    let session = session::open(world, customer, None, None);
    Ok(Some(world.sessions.get(session)?.token.clone()))
}

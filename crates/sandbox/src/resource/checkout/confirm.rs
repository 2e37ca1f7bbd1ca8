//! `POST /v1/checkouts/client/{client_secret}/confirm`: the buyer presses "pay".

use serde::Deserialize;
use serde_json::Value;

use super::change::{self, By, Changes};
use super::customer::{self, Buying};
use super::render::render_confirmed;
use super::{Checkout, CheckoutStatus, announce, choice, get, update};
use crate::billing::{Address, AddressFields};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::discount::{Redemption, plain_email};
use crate::resource::payment_method::{self, Card, Decline, Outcome};
use crate::resource::{custom_field, session};
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
    change::apply(world, &mut checkout, changes, By::Buyer)?;
    check(world, &checkout, input.confirmation_token_id.is_none())?;
    let buying = customer::find(world, &checkout)?;
    check_limits(world, &mut checkout, buying)?;
    let needs = checkout.needs(world);
    let token = input.confirmation_token_id.filter(|_| needs.form());
    let card = token.map(|token| payment_method::card(&token));
    if let Some((card, Outcome::Declined(decline))) = card.as_ref().map(|card| (card, card.first)) {
        return Err(decline_now(world, &checkout, card, decline));
    }
    let id = checkout.id;
    take(world, checkout, buying, card)?;
    let token = portal_token(world, id, buying)?;
    Ok(render_confirmed(world, world.checkouts.get(id)?, token.as_deref()).into())
}

/// Everything that must be there before anybody is charged.
fn check(world: &World, checkout: &Checkout, no_token: bool) -> Result<(), Failure> {
    let Some(product) = checkout.product_row(world) else {
        return Err(Failure::not_found());
    };
    let mut flaws =
        custom_field::missing(world, &product.custom_fields, &checkout.custom_field_data);
    if let Some(price) = checkout.price(world).filter(|price| price.archived) {
        let message = "Price is archived.";
        flaws.push(Flaw::field(
            "product_price_id",
            message,
            price.id.to_string(),
        ));
    }
    let spent = checkout
        .discount
        .and_then(|id| world.discounts.find(id))
        .is_some_and(|discount| !discount.is_redeemable(world.now()));
    if spent {
        let message = "Discount is no longer available.";
        let input = checkout.discount.map(|id| id.to_string());
        flaws.push(Flaw::field("discount_id", message, input));
    }
    if !flaws.is_empty() {
        return Err(Failure::Refused(flaws));
    }
    let needs_form = checkout.needs(world).form();
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
    let missing =
        |field: &str| Flaw::body("missing", [field.into()], "Field is required.", Value::Null);
    let missing_part = |part: &str| {
        let place = ["customer_billing_address".into(), part.into()];
        Flaw::body("missing", place, "Field is required.", Value::Null)
    };
    let mut flaws = Vec::new();
    if buyer.email.is_none() && checkout.customer.is_none() {
        flaws.push(missing("customer_email"));
    }
    if buyer.is_business {
        flaws.extend(
            buyer
                .billing_name
                .is_none()
                .then(|| missing("customer_billing_name")),
        );
        flaws.extend(
            buyer
                .billing_address
                .is_none()
                .then(|| missing("customer_billing_address")),
        );
    }
    let in_full = checkout.needs_whole_address();
    let written = buyer.billing_address.as_ref();
    if in_full && !written.is_some_and(Address::has_lines) {
        let message = "A full billing address is required.";
        let input = written.map(Address::render);
        flaws.push(Flaw::field("customer_billing_address", message, input));
    }
    if !needs_form {
        return flaws;
    }
    let Some(address) = written else {
        if !buyer.is_business {
            flaws.push(missing("customer_billing_address"));
        }
        flaws.push(missing_part("country"));
        return flaws;
    };
    flaws.extend(
        AddressFields::of(Some(&address.country), in_full)
            .required()
            .filter(|part| address.part(part).is_none())
            .map(missing_part),
    );
    flaws
}

fn check_limits(world: &World, checkout: &mut Checkout, buying: Buying) -> Result<(), Failure> {
    checkout.customer = buying.known().or(checkout.customer);
    choice::one_subscription(world, checkout)?;
    if has_had_trial(world, checkout) {
        let detail = "You have already used a trial of this seller.";
        return Err(Failure::named(403, "TrialAlreadyRedeemed", detail));
    }
    let discount = checkout.discount.and_then(|id| world.discounts.find(id));
    let left = discount.is_none_or(|discount| {
        discount.is_left_for(buying.known(), checkout.buyer.email.as_deref())
    });
    if left {
        return Ok(());
    }
    let detail = "You have already redeemed this discount the maximum number of times.";
    Err(Failure::named(
        403,
        "DiscountRedemptionLimitReached",
        detail,
    ))
}

/// True where one trial per customer is the rule and this would be another.
fn has_had_trial(world: &World, checkout: &Checkout) -> bool {
    let strict = world
        .organizations
        .find(checkout.organization)
        .is_some_and(|row| row.subscriptions.prevent_trial_abuse);
    strict
        && checkout.active_trial(world).is_some()
        && checkout.customer.is_some_and(|customer| {
            let mut theirs = world.subscriptions.of(customer);
            theirs.any(|row| row.trial_start.is_some())
        })
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

//! Every command in every state of a subscription: where it leads, or how it is refused.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, id};

const EMAIL: &str = "ada@example.com";
const CANCEL: &str = r#"{"cancel_at_period_end": true}"#;
const PAUSE: &str = r#"{"pause_at_period_end": true}"#;

/// A state, and how to bring a subscription with this trial and card there.
type State = (&'static str, bool, &'static str, &'static [Step]);

enum Step {
    Patch(&'static str),
    Wait(&'static str),
}

const VISA: &str = "pm_card_visa";
const FADING: &str = "pm_card_chargeCustomerFail";

const STATES: [State; 9] = [
    ("trialing", true, VISA, &[]),
    (
        "trialing, to be cancelled",
        true,
        VISA,
        &[Step::Patch(CANCEL)],
    ),
    ("active", false, VISA, &[]),
    (
        "active, to be cancelled",
        false,
        VISA,
        &[Step::Patch(CANCEL)],
    ),
    ("active, to be paused", false, VISA, &[Step::Patch(PAUSE)]),
    ("past due", false, FADING, &[Step::Wait("P32D")]),
    (
        "past due, to be cancelled",
        false,
        FADING,
        &[Step::Wait("P32D"), Step::Patch(CANCEL)],
    ),
    (
        "paused",
        false,
        VISA,
        &[Step::Patch(PAUSE), Step::Wait("P32D")],
    ),
    ("ended", false, VISA, &[Step::Patch(r#"{"revoke": true}"#)]),
];

const TRIALING: &str = "trialing";
const ACTIVE: &str = "active";
const PAST_DUE: &str = "past_due";
const PAUSED: &str = "paused";
const CANCELED: &str = "canceled";
/// Over, or about to be.
const OVER: &str = "403 AlreadyCanceledSubscription";
const INACTIVE: &str = "403 InactiveSubscription";
const BAD: &str = "400 BadRequest";
const GONE: &str = "410 ResourceUnavailable";
const NO_PAUSE: &str = "409 CannotPauseSubscription";
const NO_PLAN: &str = "409 NoScheduledPause";
const NO_REST: &str = "409 NotPausedSubscription";
const NO_SEATS: &str = "400 NotASeatBasedSubscription";
const NO_UNITS: &str = "400 NotAUnitBasedSubscription";
const REFUSED: &str = "422 PolarRequestValidationError";
const UNPAID: &str = "402 PaymentFailed";

/// A command, and what becomes of it in each state.
type Row = (&'static str, [&'static str; 9]);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (CANCEL, [TRIALING, OVER, ACTIVE, OVER, ACTIVE, PAST_DUE, OVER, OVER, OVER]),
    (r#"{"cancel_at_period_end": false}"#, [BAD, TRIALING, BAD, ACTIVE, BAD, BAD, PAST_DUE, BAD, GONE]),
    (r#"{"revoke": true}"#, [CANCELED, CANCELED, CANCELED, CANCELED, CANCELED, CANCELED, CANCELED, CANCELED, OVER]),
    (PAUSE, [NO_PAUSE, NO_PAUSE, ACTIVE, NO_PAUSE, NO_PAUSE, NO_PAUSE, NO_PAUSE, NO_PAUSE, NO_PAUSE]),
    (r#"{"pause_at_period_end": false}"#, [NO_PLAN, NO_PLAN, NO_PLAN, NO_PLAN, ACTIVE, NO_PLAN, NO_PLAN, NO_PLAN, NO_PLAN]),
    (r#"{"resume": true}"#, [NO_REST, NO_REST, NO_REST, NO_REST, NO_REST, NO_REST, NO_REST, ACTIVE, NO_REST]),
    // A product without a trial ends the trial.
    (r#"{"product_id": "MORE", "proration_behavior": "prorate"}"#, [ACTIVE, OVER, ACTIVE, OVER, ACTIVE, PAST_DUE, OVER, PAUSED, OVER]),
    (r#"{"product_id": "MORE", "proration_behavior": "invoice"}"#, [ACTIVE, OVER, ACTIVE, OVER, ACTIVE, UNPAID, OVER, PAUSED, OVER]),
    (r#"{"product_id": "MORE", "proration_behavior": "next_period"}"#, [TRIALING, OVER, ACTIVE, OVER, ACTIVE, PAST_DUE, OVER, PAUSED, OVER]),
    (r#"{"product_id": "MORE", "proration_behavior": "reset"}"#, [ACTIVE, OVER, ACTIVE, OVER, ACTIVE, UNPAID, OVER, PAUSED, OVER]),
    (r#"{"product_id": "ONCE"}"#, [REFUSED, OVER, REFUSED, OVER, REFUSED, REFUSED, OVER, REFUSED, OVER]),
    (r#"{"seats": 3}"#, [NO_SEATS, OVER, NO_SEATS, OVER, NO_SEATS, NO_SEATS, OVER, NO_SEATS, OVER]),
    (r#"{"units": 3}"#, [NO_UNITS, OVER, NO_UNITS, OVER, NO_UNITS, NO_UNITS, OVER, NO_UNITS, OVER]),
    (r#"{"discount_id": "LESS"}"#, [TRIALING, TRIALING, ACTIVE, ACTIVE, ACTIVE, PAST_DUE, PAST_DUE, PAUSED, CANCELED]),
    (r#"{"discount_id": null}"#, [TRIALING, TRIALING, ACTIVE, ACTIVE, ACTIVE, PAST_DUE, PAST_DUE, PAUSED, CANCELED]),
    // The end of the trial is the end of the period, and what was to happen then happens.
    (r#"{"trial_end": "now"}"#, [ACTIVE, CANCELED, REFUSED, REFUSED, REFUSED, INACTIVE, INACTIVE, INACTIVE, INACTIVE]),
    (r#"{"trial_end": "2030-01-01T00:00:00Z"}"#, [TRIALING, TRIALING, TRIALING, TRIALING, TRIALING, INACTIVE, INACTIVE, INACTIVE, INACTIVE]),
    // Within the period that has begun: a running subscription is not tried for less than it has.
    (r#"{"trial_end": "SOON"}"#, [TRIALING, TRIALING, REFUSED, REFUSED, REFUSED, INACTIVE, INACTIVE, INACTIVE, INACTIVE]),
    (r#"{"current_billing_period_end": "SOON"}"#, [TRIALING, OVER, ACTIVE, OVER, ACTIVE, INACTIVE, INACTIVE, INACTIVE, OVER]),
    (r#"{"metadata": {"a": "b"}}"#, [TRIALING, TRIALING, ACTIVE, ACTIVE, ACTIVE, PAST_DUE, PAST_DUE, PAUSED, CANCELED]),
    (r#"{"pending_update": null}"#, [REFUSED; 9]),
    ("{}", [TRIALING, TRIALING, ACTIVE, ACTIVE, ACTIVE, PAST_DUE, PAST_DUE, PAUSED, CANCELED]),
];

#[tokio::test]
async fn every_command_in_every_state_leads_where_it_does_at_polar() {
    let mut wrong = Vec::new();
    for (index, (state, trial, card, steps)) in STATES.into_iter().enumerate() {
        let stall = Stall::open().await;
        let words = goods(&stall).await;
        let path = subscribed(&stall, trial, card).await;
        for step in steps {
            match step {
                Step::Patch(body) => drop(stall.patch(&path, read(body, &words)).await),
                Step::Wait(span) => stall.advance(span).await,
            }
        }
        stall
            .sandbox
            .control("/sandbox/snapshot", json!({"name": "here"}))
            .await;
        for (command, outcomes) in ROWS {
            stall
                .sandbox
                .control("/sandbox/restore", json!({"name": "here"}))
                .await;
            let mut words = words.clone();
            words.push(("SOON", soon(&stall).await));
            let before = stall.get(&path).await;
            let (status, answer) = stall
                .sandbox
                .call(Method::PATCH, &path, read(command, &words))
                .await;
            let said = match status {
                200 => answer["status"].as_str().unwrap().to_owned(),
                _ => format!("{status} {}", answer["error"].as_str().unwrap()),
            };
            if said != outcomes[index] {
                wrong.push(format!(
                    "{state}, {command}: {said}, not {}",
                    outcomes[index]
                ));
            }
            if status != 200 && stall.get(&path).await != before {
                wrong.push(format!("{state}, {command}: refused, yet changed"));
            }
        }
        let (status, _) = stall.sandbox.call(Method::DELETE, &path, Value::Null).await;
        assert_eq!(status, if state == "ended" { 403 } else { 200 }, "{state}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What commands name, by the words that stand for it.
async fn goods(stall: &Stall) -> Vec<(&'static str, String)> {
    let organization = &stall.sandbox.credentials.organization_id;
    let path = format!("/sandbox/organizations/{organization}/features");
    let body = json!({"reset_proration_behavior_enabled": true});
    stall.sandbox.control(&path, body).await;
    let more = stall.product(3000, Some("month"), Value::Null).await;
    let once = stall.product(3000, None, Value::Null).await;
    let body =
        json!({"name": "Less", "type": "percentage", "basis_points": 1000, "duration": "forever"});
    let less = stall.post("/v1/discounts/", body).await;
    vec![
        ("MORE", id(&more).to_owned()),
        ("ONCE", id(&once).to_owned()),
        ("LESS", id(&less).to_owned()),
    ]
}

async fn subscribed(stall: &Stall, trial: bool, card: &str) -> String {
    let trial = trial.then(|| json!({"trial_interval": "month", "trial_interval_count": 2}));
    let product = stall
        .product(1000, Some("month"), trial.unwrap_or_default())
        .await;
    let checkout = stall.buy(&product, EMAIL, card, Value::Null).await;
    let subscription = checkout["subscription_id"].as_str().unwrap();
    format!("/v1/subscriptions/{subscription}")
}

async fn soon(stall: &Stall) -> String {
    let clock = stall.get("/sandbox/clock").await;
    let now: jiff::Timestamp = clock["now"].as_str().unwrap().parse().unwrap();
    let soon = now.checked_add(jiff::SignedDuration::from_hours(48));
    soon.unwrap().to_string()
}

fn read(command: &str, words: &[(&'static str, String)]) -> Value {
    let text = words.iter().fold(command.to_owned(), |text, (word, said)| {
        text.replace(word, said)
    });
    serde_json::from_str(&text).unwrap()
}

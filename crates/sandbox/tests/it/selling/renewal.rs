//! Stories of subscriptions through time: renewal, trial, dunning, recovery, cancellation, pause.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, id, moment};

const EMAIL: &str = "ada@example.com";
const GOOD: &str = "pm_card_visa";
/// Works once, fails ever after.
const FADING: &str = "pm_card_chargeCustomerFail";

fn kinds(announced: &[String], of: &[&str]) -> Vec<String> {
    let wanted = |kind: &&String| of.iter().any(|start| kind.starts_with(start));
    announced.iter().filter(wanted).cloned().collect()
}

#[tokio::test]
async fn a_renewal_announces_cycled_updated_the_order_and_then_the_grants() {
    let stall = Stall::open().await;
    let product = stall.product_with_benefit(1000, Some("month")).await;
    stall.buy(&product, EMAIL, GOOD, Value::Null).await;
    let seen = stall.announced().await.len();
    stall.advance("P32D").await;
    let types = kinds(
        &stall.types_after(seen).await,
        &["subscription", "order", "benefit"],
    );
    let wanted = [
        "subscription.cycled",
        "subscription.updated",
        "order.created",
        "order.updated",
        "order.paid",
        "benefit_grant.cycled",
    ];
    let mut fee = types.clone();
    let at = fee
        .iter()
        .rposition(|kind| kind == "order.updated")
        .unwrap();
    fee.remove(at);
    assert_eq!(fee, wanted, "{types:?}");
}

#[tokio::test]
async fn periods_that_began_on_the_31st_end_on_the_last_day_of_shorter_months() {
    let stall = Stall::open().await;
    let body = json!({"now": "2027-01-31T12:00:00Z"});
    stall.sandbox.control("/sandbox/clock", body).await;
    let product = stall.product(1000, Some("month"), Value::Null).await;
    let checkout = stall.buy(&product, EMAIL, GOOD, Value::Null).await;
    let mut ends = Vec::new();
    for _ in 0..3 {
        let subscription = stall.subscription(&checkout).await;
        ends.push(subscription["current_period_end"].as_str().unwrap()[..10].to_owned());
        stall.advance("P31D").await;
    }
    assert_eq!(ends, ["2027-02-28", "2027-03-31", "2027-04-30"]);
    let subscription = stall.subscription(&checkout).await;
    assert_eq!(stall.orders(&subscription).await.len(), 4);
}

#[tokio::test]
async fn a_year_at_once_renews_every_month_of_it_and_charges_each() {
    let stall = Stall::open().await;
    let product = stall.product(1000, Some("month"), Value::Null).await;
    let checkout = stall.buy(&product, EMAIL, GOOD, Value::Null).await;
    let subscription = stall.subscription(&checkout).await;
    stall.advance("P1Y1D").await;
    let orders = stall.orders(&subscription).await;
    assert_eq!(orders.len(), 13);
    assert!(orders.iter().all(|order| order["status"] == "paid"));
    for pair in orders.windows(2) {
        let days = moment(&pair[1]["created_at"]).duration_since(moment(&pair[0]["created_at"]));
        assert!((28..=31).contains(&(days.as_hours() / 24)), "{days}");
    }
}

#[tokio::test]
async fn a_trial_bills_nothing_at_first_and_converts_without_a_second_active() {
    let stall = Stall::open().await;
    let trial = json!({"trial_interval": "day", "trial_interval_count": 7});
    let product = stall.product(1500, Some("month"), trial).await;
    let checkout = stall.buy(&product, EMAIL, GOOD, Value::Null).await;
    let subscription = stall.subscription(&checkout).await;
    assert_eq!(subscription["status"], "trialing");
    let first = &stall.orders(&subscription).await[0];
    assert_eq!(
        (&first["total_amount"], &first["status"]),
        (&json!(0), &json!("paid"))
    );
    let label = first["items"][0]["label"].as_str().unwrap();
    assert!(
        label.starts_with("Trial period for Thing at 1500 ("),
        "{label}"
    );
    assert!(stall.items("/v1/payments/").await.is_empty());
    let seen = stall.announced().await.len();
    stall.advance("P8D").await;
    let types = kinds(&stall.types_after(seen).await, &["subscription"]);
    assert_eq!(types, ["subscription.cycled", "subscription.updated"]);
    let after = stall.subscription(&checkout).await;
    assert_eq!(after["current_period_start"], subscription["trial_end"]);
}

#[tokio::test]
async fn dunning_tries_on_days_two_seven_fourteen_and_twenty_one_and_then_gives_up() {
    let stall = Stall::open().await;
    let product = stall.product_with_benefit(1000, Some("month")).await;
    let checkout = stall.buy(&product, EMAIL, FADING, Value::Null).await;
    let subscription = stall.subscription(&checkout).await;
    let seen = stall.announced().await.len();
    stall.advance("P32D").await;
    let types = stall.types_after(seen).await;
    let wanted = [
        "subscription.cycled",
        "subscription.updated",
        "order.created",
        "subscription.updated",
        "subscription.past_due",
        "benefit_grant.revoked",
    ];
    assert_eq!(kinds(&types, &["subscription", "order", "benefit"]), wanted);
    let order = stall.orders(&subscription).await[1].clone();
    let first = moment(&order["next_payment_attempt_at"]);
    let seen = stall.announced().await.len();
    stall.advance("P22D").await;
    let path = format!("/v1/payments/?order_id={}&sorting=created_at", id(&order));
    let tried: Vec<_> = stall
        .items(&path)
        .await
        .iter()
        .map(|payment| {
            let since = moment(&payment["created_at"]).duration_since(first);
            (since.as_secs() + 2 * 86_400 + 1800) / 86_400
        })
        .collect();
    assert_eq!(tried, [0, 2, 7, 14, 21]);
    let types = stall.types_after(seen).await;
    let end = [
        "subscription.updated",
        "subscription.canceled",
        "subscription.revoked",
        "order.updated",
    ];
    assert_eq!(kinds(&types, &["subscription", "order"]), end);
    assert_eq!(stall.orders(&subscription).await[1]["status"], "void");
}

#[tokio::test]
async fn a_new_card_pays_what_is_open_and_brings_the_subscription_back() {
    let stall = Stall::open().await;
    let product = stall.product_with_benefit(1000, Some("month")).await;
    let checkout = stall.buy(&product, EMAIL, FADING, Value::Null).await;
    stall.advance("P32D").await;
    let session = json!({"customer_id": checkout["customer_id"]});
    let session = stall.post("/v1/customer-sessions/", session).await;
    let seen = stall.announced().await.len();
    let body = json!({"confirmation_token_id": GOOD, "set_default": true, "return_url": "https://example.com"});
    let path = "/v1/customer-portal/customers/me/payment-methods";
    let request = stall.sandbox.request(Method::POST, path);
    let request = request
        .bearer_auth(session["token"].as_str().unwrap())
        .json(&body);
    assert_eq!(request.send().await.unwrap().status(), 201);
    let types = kinds(
        &stall.types_after(seen).await,
        &["subscription", "order", "benefit"],
    );
    let wanted = [
        "subscription.updated",
        "subscription.active",
        "order.updated",
        "order.paid",
        "benefit_grant.created",
    ];
    assert_eq!(types[..4], wanted[..4], "{types:?}");
    assert!(types.contains(&wanted[4].to_owned()));
    let cycled = "benefit_grant.cycled".to_owned();
    assert!(!types.contains(&cycled), "given anew, not carried on");
    let subscription = stall.subscription(&checkout).await;
    assert_eq!(
        (&subscription["status"], &subscription["past_due_at"]),
        (&json!("active"), &Value::Null)
    );
    stall.advance("P40D").await;
    let orders = stall.orders(&subscription).await;
    assert!(
        orders.iter().all(|order| order["status"] == "paid"),
        "the new card renews it too"
    );
}

#[tokio::test]
async fn a_cancelled_subscription_says_canceled_now_and_again_at_the_end() {
    let stall = Stall::open().await;
    let product = stall.product_with_benefit(1000, Some("month")).await;
    let checkout = stall.buy(&product, EMAIL, GOOD, Value::Null).await;
    let path = format!(
        "/v1/subscriptions/{}",
        checkout["subscription_id"].as_str().unwrap()
    );
    let seen = stall.announced().await.len();
    stall
        .patch(&path, json!({"cancel_at_period_end": true}))
        .await;
    let asked = stall.get(&path).await;
    let types = kinds(
        &stall.types_after(seen).await,
        &["subscription", "benefit", "order"],
    );
    assert_eq!(types, ["subscription.updated", "subscription.canceled"]);
    let seen = stall.announced().await.len();
    stall.advance("P32D").await;
    let types = kinds(
        &stall.types_after(seen).await,
        &["subscription", "benefit", "order"],
    );
    let wanted = [
        "subscription.updated",
        "subscription.canceled",
        "subscription.revoked",
        "benefit_grant.revoked",
    ];
    assert_eq!(types, wanted);
    let ended = stall.get(&path).await;
    assert_eq!(
        ended["canceled_at"], asked["canceled_at"],
        "the moment of the request stays"
    );
}

#[tokio::test]
async fn a_pause_with_an_end_resumes_by_itself_with_a_new_bill() {
    let stall = Stall::open().await;
    let product = stall.product_with_benefit(1000, Some("month")).await;
    let checkout = stall.buy(&product, EMAIL, GOOD, Value::Null).await;
    let subscription = stall.subscription(&checkout).await;
    let path = format!("/v1/subscriptions/{}", id(&subscription));
    let end = moment(&subscription["current_period_end"]);
    let resumes_at = end
        .checked_add(jiff::SignedDuration::from_hours(240))
        .unwrap();
    let body = json!({"pause_at_period_end": true, "resumes_at": resumes_at.to_string()});
    stall.patch(&path, body).await;
    stall.advance("P33D").await;
    assert_eq!(stall.get(&path).await["status"], "paused");
    let seen = stall.announced().await.len();
    stall.advance("P10D").await;
    let resumed = stall.get(&path).await;
    assert_eq!(
        (&resumed["status"], &resumed["resumes_at"]),
        (&json!("active"), &Value::Null)
    );
    assert_eq!(stall.orders(&subscription).await.len(), 2);
    let types = kinds(&stall.types_after(seen).await, &["subscription"]);
    assert_eq!(types, ["subscription.updated", "subscription.resumed"]);
}

#[tokio::test]
async fn deleting_a_customer_ends_the_subscriptions_and_frees_the_email() {
    let stall = Stall::open().await;
    let product = stall.product_with_benefit(1000, Some("month")).await;
    let checkout = stall.buy(&product, EMAIL, GOOD, Value::Null).await;
    let customer = checkout["customer_id"].as_str().unwrap();
    let seen = stall.announced().await.len();
    stall
        .call(
            Method::DELETE,
            &format!("/v1/customers/{customer}"),
            Value::Null,
        )
        .await;
    let types = stall.types_after(seen).await;
    for kind in [
        "member.deleted",
        "customer.deleted",
        "subscription.revoked",
        "benefit_grant.revoked",
    ] {
        assert!(types.contains(&kind.to_owned()), "{kind} in {types:?}");
    }
    let subscription = stall.subscription(&checkout).await;
    assert_eq!(subscription["status"], "canceled");
    let again = stall.buy(&product, EMAIL, GOOD, Value::Null).await;
    assert_ne!(again["customer_id"], checkout["customer_id"]);
    stall.advance("P70D").await;
    assert_eq!(
        stall.orders(&subscription).await.len(),
        1,
        "the ended one is not renewed"
    );
}

#[tokio::test]
async fn usage_in_the_last_period_is_billed_when_a_cancelled_subscription_ends() {
    let stall = Stall::open().await;
    let filter = json!({"conjunction": "and", "clauses": [
        {"property": "name", "operator": "eq", "value": "call"},
    ]});
    let meter = json!({"name": "Calls", "filter": filter, "aggregation": {"func": "count"}});
    let meter = stall.post("/v1/meters/", meter).await;
    let price =
        json!({"amount_type": "metered_unit", "meter_id": meter["id"], "unit_amount": "50"});
    let prices = json!({"prices": [{"amount_type": "fixed", "price_amount": 1000}, price]});
    let product = stall.product(1000, Some("month"), prices).await;
    let checkout = stall.buy(&product, EMAIL, GOOD, Value::Null).await;
    let subscription = stall.subscription(&checkout).await;
    let path = format!("/v1/subscriptions/{}", id(&subscription));
    stall
        .patch(&path, json!({"cancel_at_period_end": true}))
        .await;
    let event = json!({"name": "call", "customer_id": checkout["customer_id"]});
    stall
        .post("/v1/events/ingest", json!({"events": [event, event]}))
        .await;
    stall.advance("P32D").await;
    let last = stall.orders(&subscription).await[1].clone();
    assert_eq!(
        (&last["total_amount"], &last["status"]),
        (&json!(100), &json!("paid"))
    );
    assert_eq!(last["items"].as_array().unwrap().len(), 1, "usage alone");
    assert_eq!(stall.get(&path).await["status"], "canceled");
}

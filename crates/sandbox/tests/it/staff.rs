//! What only Polar's staff can do, done through the control face.

use reqwest::Method;
use serde_json::{Value, json};

use crate::running::read;
use crate::shop::Shop;

impl Shop {
    /// Posts to the control face of the organization. Gives status and body.
    pub(crate) async fn staff(&self, what: &str, body: &Value) -> (u16, Value) {
        let id = &self.sandbox.credentials.organization_id;
        let path = format!("/sandbox/organizations/{id}/{what}");
        read(self.sandbox.request(Method::POST, &path).json(body)).await
    }

    async fn stands(&self, status: &str) -> Value {
        let (code, answer) = self.staff("status", &json!({"status": status})).await;
        assert_eq!(code, 200, "{answer}");
        answer["capabilities"].clone()
    }

    async fn organization(&self) -> Value {
        let id = &self.sandbox.credentials.organization_id;
        self.get(&format!("/v1/organizations/{id}")).await
    }
}

const MONTHLY: Option<&str> = Some("month");

fn ten_dollars() -> Value {
    json!([{"amount_type": "fixed", "price_amount": 1000, "price_currency": "usd"}])
}

#[tokio::test]
async fn features_are_switched_by_their_real_names_and_stay_as_they_are_otherwise() {
    let shop = Shop::open().await;
    let wanted = json!({"off_session_charges_enabled": true, "meter_cycling_enabled": true});
    let (status, answer) = shop.staff("features", &wanted).await;
    assert_eq!(status, 200, "{answer}");
    let shown = shop.organization().await["feature_settings"].clone();
    assert_eq!(answer["feature_settings"], shown);
    assert_eq!(shown["off_session_charges_enabled"], true);
    assert_eq!(shown["meter_cycling_enabled"], true);
    assert_eq!(shown["seat_based_pricing_enabled"], true);
    assert_eq!(shown["unit_based_pricing_enabled"], false);
}

#[tokio::test]
async fn what_cannot_be_switched_is_named_and_nothing_is_switched() {
    let shop = Shop::open().await;
    let cases = [
        (
            json!({"meter_cycling_enabled": true, "flying_enabled": true}),
            "flying_enabled",
        ),
        (
            json!({"unit_based_pricing_enabled": "perhaps"}),
            "unit_based_pricing_enabled",
        ),
        (json!(["meter_cycling_enabled"]), "off_session_charges"),
    ];
    for (body, named) in cases {
        let (status, answer) = shop.staff("features", &body).await;
        assert_eq!(status, 422, "{answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains(named), "{detail}");
    }
    let shown = shop.organization().await["feature_settings"].clone();
    assert_eq!(shown["meter_cycling_enabled"], false);
}

#[tokio::test]
async fn what_an_organization_may_do_follows_from_its_status() {
    let shop = Shop::open().await;
    // Payments, renewals and refunds; payouts.
    let cases = [
        ("created", false, false),
        ("review", true, true),
        ("snoozed", true, true),
        ("denied", false, false),
        ("offboarding", true, false),
        ("offboarded", false, true),
        ("active", true, true),
    ];
    for (status, sells, pays_out) in cases {
        let may = shop.stands(status).await;
        let shown = shop.organization().await;
        assert_eq!(
            (&shown["status"], &shown["capabilities"]),
            (&json!(status), &may)
        );
        for what in ["checkout_payments", "subscription_renewals", "refunds"] {
            assert_eq!(may[what], sells, "{status}: {what}");
        }
        assert_eq!(may["payouts"], pays_out, "{status}");
        assert_eq!(may["api_access"], true, "{status}");
    }
    let (code, answer) = shop.staff("status", &json!({"status": "famous"})).await;
    assert_eq!(code, 422);
    assert!(answer["detail"].as_str().unwrap().contains("famous"));
}

#[tokio::test]
async fn a_new_organization_opens_checkouts_that_nobody_can_pay() {
    let shop = Shop::open().await;
    let product = shop.product(ten_dollars(), None, &[]).await;
    let free = shop.free(None, &[]).await;
    shop.stands("created").await;
    let body = json!({"products": [product], "customer_email": "ada@example.com"});
    let checkout = shop.post("/v1/checkouts/", body).await;
    let secret = checkout["client_secret"].as_str().unwrap();
    let path = format!("/v1/checkouts/client/{secret}/confirm");
    let buyer = json!({
        "customer_name": "Ada", "customer_billing_address": {"country": "AT"},
        "confirmation_token_id": "pm_card_visa",
    });
    let (status, answer) = shop.as_(None, Method::POST, &path, buyer.clone()).await;
    assert_eq!((status, &answer["error"]), (403, &json!("PaymentNotReady")));
    // What costs nothing needs no bank.
    shop.buy(&free, json!({})).await;
    shop.stands("active").await;
    let (status, answer) = shop.as_(None, Method::POST, &path, buyer).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn a_blocked_organization_is_let_in_nowhere() {
    let shop = Shop::open().await;
    let product = shop.product(ten_dollars(), None, &[]).await;
    let bought = shop.buy(&product, json!({})).await;
    let session = shop.session(json!({"customer_id": bought.customer})).await;
    let checkout = shop
        .post("/v1/checkouts/", json!({"products": [product]}))
        .await;
    let secret = checkout["client_secret"].as_str().unwrap();
    shop.stands("blocked").await;
    let (status, answer) = shop
        .sandbox
        .call(Method::GET, "/v1/products/", Value::Null)
        .await;
    assert_eq!((status, &answer["error"]), (401, &json!("invalid_token")));
    let me = "/v1/customer-portal/customers/me";
    let (status, answer) = shop.as_(Some(&session), Method::GET, me, Value::Null).await;
    assert_eq!((status, &answer["error"]), (401, &json!("invalid_token")));
    let path = format!("/v1/checkouts/client/{secret}");
    let (status, answer) = shop.as_(None, Method::GET, &path, Value::Null).await;
    assert_eq!((status, &answer["error"]), (403, &json!("NotPermitted")));
    shop.stands("active").await;
    shop.get("/v1/products/").await;
}

#[tokio::test]
async fn renewals_wait_while_they_are_not_allowed_and_are_made_up_for() {
    let shop = Shop::open().await;
    let product = shop.product(ten_dollars(), MONTHLY, &[]).await;
    let bought = shop.buy(&product, json!({})).await;
    let path = format!("/v1/subscriptions/{}", shop.subscription(&bought).await);
    shop.stands("denied").await;
    shop.skip("P70D").await;
    assert_eq!(shop.get(&path).await["status"], "active");
    assert_eq!(shop.items("/v1/orders/").await.len(), 1);
    shop.stands("active").await;
    shop.settle().await;
    let orders = shop.items("/v1/orders/").await;
    assert_eq!(orders.len(), 3);
    assert!(orders.iter().all(|order| order["status"] == "paid"));
}

/// What a change of the organization is answered: the status, the place or the error's name, the words.
async fn asked(shop: &Shop, body: Value) -> (u16, String, String) {
    let id = &shop.sandbox.credentials.organization_id;
    let path = format!("/v1/organizations/{id}");
    let (status, answer) = shop.sandbox.call(Method::PATCH, &path, body).await;
    let flaw = &answer["detail"][0];
    let words = flaw["msg"].as_str().or_else(|| answer["detail"].as_str());
    let place = flaw["loc"].as_array().and_then(|loc| loc.last()?.as_str());
    let place = place.or_else(|| answer["error"].as_str());
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (status, owned(place), owned(words))
}

#[tokio::test]
async fn an_organization_chooses_what_is_its_own_to_choose() {
    let shop = Shop::open().await;
    let settings = json!({
        "allow_multiple_subscriptions": true, "proration_behavior": "reset",
        "benefit_revocation_grace_period": 0, "prevent_trial_abuse": false, "allow_customer_updates": true,
    });
    let concede = json!({"dispute_settings": {"auto_accept_below_amount": 500}});
    let cases = [
        (json!({"sso_enforced": true}), 403, "NotPermitted", "SSO"),
        (
            concede.clone(),
            403,
            "DisputeAutoAcceptNotEnabled",
            "not enabled",
        ),
        (
            json!({"feature_settings": {"seat_based_pricing_enabled": false}}),
            422,
            "seat_based_pricing_enabled",
            "Seat-based pricing cannot be disabled once enabled.",
        ),
        (
            json!({"subscription_settings": settings}),
            422,
            "proration_behavior",
            "The 'reset' proration behavior is not enabled for this organization.",
        ),
        (
            json!({"default_presentment_currency": "jpy"}),
            422,
            "default_presentment_currency",
            "All active products must have prices in the new currency.",
        ),
        (
            json!({"embed_hosts": ["ok.example", "https://shop.example"]}),
            422,
            "embed_hosts",
            "Value error, 'https://shop.example' is not a valid embed host: write the host on its own. HTTPS is always allowed, and HTTP as well for localhost and private addresses",
        ),
    ];
    for (body, status, place, words) in cases {
        let answer = asked(&shop, body.clone()).await;
        assert_eq!((answer.0, answer.1.as_str()), (status, place), "{body}");
        assert!(answer.2.contains(words), "{body}: {}", answer.2);
    }
    let opened = json!({
        "disputes_enabled": true, "dispute_auto_accept_enabled": true,
        "reset_proration_behavior_enabled": true,
    });
    assert_eq!(shop.staff("features", &opened).await.0, 200);
    let hosts = json!({"embed_hosts": ["Shop.example", "shop.example:443", "*.shop.example"]});
    for body in [json!({"subscription_settings": settings}), concede, hosts] {
        assert_eq!(asked(&shop, body.clone()).await.0, 200, "{body}");
    }
    let shown = shop.organization().await;
    assert_eq!(
        shown["embed_hosts"],
        json!(["shop.example", "*.shop.example"])
    );
    assert_eq!(shown["dispute_settings"]["auto_accept_below_amount"], 500);
    assert_eq!(
        shown["subscription_settings"]["proration_behavior"],
        "reset"
    );
}

#[tokio::test]
async fn what_staff_switches_an_organization_cannot_and_null_clears_what_may_be_missing() {
    let shop = Shop::open().await;
    let wanted = json!({
        "feature_settings": {"off_session_charges_enabled": true, "checkout_localization_enabled": true},
        "website": "https://acme.example/", "country": "DE",
    });
    assert_eq!(asked(&shop, wanted).await.0, 200);
    let shown = shop.organization().await;
    assert_eq!(
        shown["feature_settings"]["off_session_charges_enabled"],
        false
    );
    assert_eq!(
        shown["feature_settings"]["checkout_localization_enabled"],
        true
    );
    assert_eq!(asked(&shop, json!({"website": null})).await.0, 200);
    let shown = shop.organization().await;
    let left = (&shown["website"], &shown["country"]);
    assert_eq!(left, (&Value::Null, &json!("DE")));
}

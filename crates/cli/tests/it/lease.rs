//! Leases of licences and a process that is killed.

use polarkit::license::{Mark, Verifier};
use reqwest::Method;
use serde_json::{Value, json};

use crate::http::Api;
use crate::patience::eventually;
use crate::process::{ended, polarkit};
use crate::stage::{Stage, api, now};

async fn call(stage: &Stage, method: Method, path: &str, body: Value) -> Value {
    let call = stage.polar().raw(path).method(method);
    call.json(&body).await.unwrap()
}

/// The licence key of a buyer of Pro, made at Polar.
pub(crate) async fn license(stage: &Stage) -> (String, String) {
    let products = stage.list("/v1/products/").await;
    let pro = products.iter().find(|one| one["name"] == "Pro").unwrap();
    let ask = json!({"products": [pro["id"]], "external_customer_id": "u_1"});
    let checkout = call(stage, Method::POST, "/v1/checkouts/", ask).await;
    let secret = checkout["client_secret"].as_str().unwrap();
    let path = format!("/v1/checkouts/client/{secret}");
    let address = json!({
        "line1": "1 Main St", "postal_code": "94104", "city": "San Francisco",
        "state": "US-CA", "country": "US",
    });
    let filled = json!({"customer_email": "jane@example.com", "customer_billing_address": address});
    call(stage, Method::PATCH, &path, filled).await;
    let paid = json!({"customer_name": "Jane Doe", "confirmation_token_id": "pm_card_visa"});
    call(stage, Method::POST, &format!("{path}/confirm"), paid).await;
    eventually("the licence is granted", async || {
        let keys = stage.list("/v1/license-keys/").await;
        let key = keys.first()?;
        let text = |field: &str| key[field].as_str().unwrap().to_owned();
        Some((text("id"), text("key")))
    })
    .await
}

/// What `polarkit keys lease-new` makes: its secret `key`, its `public` part and its `id`.
pub(crate) async fn signing_key(stage: &Stage) -> Value {
    let made = polarkit(&stage.folder, &["keys", "lease-new", "--json"], &[]);
    serde_json::from_slice(&ended(made).await.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_given_before_a_kill_is_revoked_after_it() {
    let mut stage = Stage::on_sqlite().await;
    let made = signing_key(&stage).await;
    stage.set("POLARKIT_LEASE_KEYS", made["key"].as_str().unwrap());
    let gateway = stage.gateway().await;
    let (id, key) = license(&stage).await;
    let asked = json!({"license_key": key, "fingerprint": "machine-7"});
    let given = api(&gateway).post("/api/license/lease", asked).await.ok();
    gateway.kill().await;

    let gateway = stage.gateway().await;
    let jwks = Api::new(gateway.gateway(), None)
        .get("/api/license/keys")
        .await;
    let jwks = jwks.ok();
    assert_eq!(jwks["keys"][0]["kid"], made["id"]);
    let verifier = Verifier::new(&jwks.to_string()).unwrap();
    let token = given["lease"].as_str().unwrap();
    let lease = verifier.verify(token, "machine-7", now(), &mut Mark::default());
    let lease = lease.unwrap();

    let path = format!("/v1/license-keys/{id}");
    call(&stage, Method::PATCH, &path, json!({"status": "disabled"})).await;
    // A refusal has Polar asked about the key.
    let asked = json!({"license_key": key, "fingerprint": "another"});
    let refused = api(&gateway).post("/api/license/lease", asked).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    let list = eventually("the lease is revoked", async || {
        let page = api(&gateway).get("/api/license/revocations").await.ok();
        let list = verifier.read_revocations(page["revocations"].as_str().unwrap());
        Some(list.unwrap()).filter(|list| !list.revoked.is_empty())
    });
    assert!(list.await.holds(&lease));
}

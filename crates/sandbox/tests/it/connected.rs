//! Benefits that wait until their customer has done something elsewhere.

use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::{Arrived, Receiver};
use crate::running::read;
use crate::shop::{Shop, id};

impl Shop {
    /// The customer connects an account. Gives status and body.
    async fn connect(&self, grant: &Value, account: &str) -> (u16, Value) {
        let path = format!("/sandbox/grants/{}", id(grant));
        let call = self.sandbox.request(Method::POST, &path);
        read(call.json(&json!({ "account": account }))).await
    }

    async fn grant_of(&self, benefit: &str) -> Value {
        self.items(&format!("/v1/benefits/{benefit}/grants")).await[0].clone()
    }

    /// The customer's own word about a grant, in the portal.
    async fn say(&self, customer: &str, grant: &Value, body: Value) -> (u16, Value) {
        let token = self.session(json!({"customer_id": customer})).await;
        let path = format!("/v1/customer-portal/benefit-grants/{}", id(grant));
        self.as_(Some(&token), Method::PATCH, &path, body).await
    }
}

fn discord(role: &str) -> Value {
    json!({"guild_token": "guild", "role_id": role, "kick_member": true})
}

#[tokio::test]
async fn a_benefit_is_granted_once_its_account_is_connected() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let events = json!(["benefit_grant.created", "benefit_grant.updated"]);
    let body = json!({"url": receiver.url, "format": "raw", "events": events});
    shop.post("/v1/webhooks/endpoints", body).await;
    let repository = json!({
        "repository_owner": "acme",
        "repository_name": "tool",
        "permission": "pull",
    });
    let benefit = shop.benefit("github_repository", repository).await;
    let product = shop.free(None, &[&benefit]).await;
    let bought = shop.buy(&product, json!({})).await;
    let waiting = shop.grant_of(&benefit).await;
    let (status, granted) = shop.connect(&waiting, "jane").await;
    assert_eq!(status, 200, "{granted}");
    assert_eq!(
        (&granted["id"], &granted["error"]),
        (&waiting["id"], &Value::Null)
    );
    let noted = json!({
        "account_id": "jane", "repository_owner": "acme", "repository_name": "tool",
        "permission": "pull", "granted_account_id": "jane",
    });
    assert_eq!(granted["properties"], noted);
    assert_eq!(shop.granted(&bought.customer).await, ["github_repository"]);
    shop.settle().await;
    let told: Vec<_> = receiver.arrived().iter().map(Arrived::json).collect();
    let told = told.iter().map(|event| {
        (
            event["type"].as_str(),
            event["data"]["is_granted"].as_bool(),
        )
    });
    let expected = [
        (Some("benefit_grant.created"), Some(false)),
        (Some("benefit_grant.updated"), Some(true)),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn in_the_portal_only_an_account_that_is_connected_can_be_chosen() {
    let shop = Shop::open().await;
    let [first, second] = [
        shop.benefit("discord", discord("one")).await,
        shop.benefit("discord", discord("two")).await,
    ];
    let product = shop.free(None, &[&first, &second]).await;
    let bought = shop.buy(&product, json!({})).await;
    let [one, two] = [shop.grant_of(&first).await, shop.grant_of(&second).await];
    let chosen = json!({"benefit_type": "discord", "properties": {"account_id": "jane"}});
    let (status, answer) = shop.say(&bought.customer, &two, chosen.clone()).await;
    assert_eq!(
        (status, &answer["detail"][0]["msg"]),
        (422, &json!("OAuth account does not exist."))
    );
    shop.connect(&one, "jane").await;
    let (status, granted) = shop.say(&bought.customer, &two, chosen).await;
    assert_eq!(
        (status, &granted["is_granted"]),
        (200, &json!(true)),
        "{granted}"
    );
    assert_eq!(granted["properties"]["role_id"], "two");
}

#[tokio::test]
async fn a_channel_is_shared_with_whom_the_customer_names() {
    let shop = Shop::open().await;
    let (status, answer) = shop
        .staff("features", &json!({"slack_benefit_enabled": true}))
        .await;
    assert_eq!(status, 200, "{answer}");
    let channel = json!({
        "slack_integration_id": "00000000-0000-4000-8000-000000000001",
        "channel_name_template": "help",
    });
    let benefit = shop.benefit("slack_shared_channel", channel).await;
    let product = shop.free(None, &[&benefit]).await;
    let bought = shop.buy(&product, json!({})).await;
    let waiting = shop.grant_of(&benefit).await;
    let named = json!({"benefit_type": "slack_shared_channel",
        "properties": {"invited_email": "jane@acme.example"}});
    let (status, granted) = shop.say(&bought.customer, &waiting, named).await;
    assert_eq!(
        (status, &granted["is_granted"]),
        (200, &json!(true)),
        "{granted}"
    );
    let properties = &granted["properties"];
    assert_eq!(properties["invited_email"], "jane@acme.example");
    assert!(properties["channel_id"].as_str().unwrap().starts_with('C'));
}

#[tokio::test]
async fn what_asks_for_no_account_or_was_taken_back_says_so() {
    let shop = Shop::open().await;
    let flag = shop.benefit("feature_flag", json!({})).await;
    let role = shop.benefit("discord", discord("one")).await;
    let product = shop.free(Some("month"), &[&flag, &role]).await;
    let bought = shop.buy(&product, json!({})).await;
    let (status, answer) = shop.connect(&shop.grant_of(&flag).await, "jane").await;
    assert_eq!((status, &answer["error"]), (409, &json!("NoAccountNeeded")));
    let grant = shop.grant_of(&role).await;
    shop.connect(&grant, "jane").await;
    let subscription = shop.subscription(&bought).await;
    shop.delete(&format!("/v1/subscriptions/{subscription}"))
        .await;
    shop.settle().await;
    let (status, answer) = shop.connect(&grant, "jane").await;
    assert_eq!((status, &answer["error"]), (409, &json!("GrantRevoked")));
}

//! What is sent is what was meant.

use polarkit::{
    Error, Polar, Server,
    model::{
        EventCreateExternalCustomer, LicenseKeyStatus, OrganizationId, ProductId, SubscriptionId,
        SubscriptionUpdateBase,
    },
};
use serde_json::{Value, json as value};

use super::stand::{Stand, checkout, json};

#[tokio::test]
async fn a_checkout_is_created_with_what_was_set_and_nothing_else() {
    let (stand, polar) = Stand::answering([json(201, &checkout())]).await;
    let product: ProductId = "44444444-4444-4444-8444-444444444444".parse().unwrap();
    let created = polar
        .checkouts()
        .create([product])
        .external_customer_id("u_42")
        .metadata([("plan", "pro")])
        .await
        .unwrap();
    assert_eq!(created.currency.as_str(), "usd");
    let asked = &stand.asked()[0];
    assert_eq!(
        (asked.method.as_str(), asked.uri.path()),
        ("POST", "/v1/checkouts/")
    );
    assert_eq!(asked.headers["authorization"], "Bearer polar_oat_x");
    assert_eq!(asked.headers["polar-version"], "2026-10");
    assert_eq!(
        serde_json::from_slice::<Value>(&asked.body).unwrap(),
        value!({"products": [product], "external_customer_id": "u_42", "metadata": {"plan": "pro"}})
    );
}

#[tokio::test]
async fn paths_are_escaped() {
    let (stand, polar) = Stand::answering([]).await;
    let _missing = polar.customers().get_external("team/ü?x=1#y").await;
    assert_eq!(
        stand.asked()[0].uri.path(),
        "/v1/customers/external/team%2F%C3%BC%3Fx%3D1%23y"
    );
}

#[tokio::test]
async fn a_path_that_means_another_operation_is_not_sent() {
    let (stand, polar) = Stand::answering([]).await;
    for escape in ["..", ".", ""] {
        let error = polar.customers().delete_external(escape).await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::Request {
                    argument: "external_id",
                    ..
                }
            ),
            "{error:?}"
        );
    }
    assert!(stand.asked().is_empty());
}

#[tokio::test]
async fn filters_repeat_and_metadata_is_deep() {
    let (stand, polar) = Stand::answering([]).await;
    let one: OrganizationId = "22222222-2222-4222-8222-222222222222".parse().unwrap();
    let _missing = polar
        .orders()
        .list()
        .organization_id(one)
        .external_customer_id("a&b")
        .external_customer_id("c")
        .metadata("plan", "pro")
        .limit(5)
        .await;
    assert_eq!(
        stand.asked()[0].uri.query(),
        Some(
            "organization_id=22222222-2222-4222-8222-222222222222&external_customer_id=a%26b&\
             external_customer_id=c&limit=5&metadata%5Bplan%5D=pro"
        )
    );
}

#[tokio::test]
async fn null_and_absent_differ_in_an_update() {
    let (stand, polar) = Stand::answering([]).await;
    let id: SubscriptionId = "55555555-5555-4555-8555-555555555555".parse().unwrap();
    let update = SubscriptionUpdateBase::new().discount_id(None);
    let _missing = polar.subscriptions().update(id, update).await;
    assert_eq!(stand.asked()[0].body, r#"{"discount_id":null}"#);
}

#[tokio::test]
async fn events_are_sent_again_only_when_each_can_be_told_from_the_others() {
    let event = || EventCreateExternalCustomer::new("api.call", "u_42");
    let failed = || json(503, "");
    let done = || json(200, r#"{"inserted":1,"duplicates":0}"#);

    let (stand, polar) = Stand::answering([failed(), done()]).await;
    polar
        .events()
        .ingest([event().external_id("e1")])
        .await
        .unwrap();
    assert_eq!(stand.asked().len(), 2);

    let (stand, polar) = Stand::answering([failed(), done()]).await;
    polar.events().ingest([event()]).await.unwrap_err();
    assert_eq!(stand.asked().len(), 1);
}

#[tokio::test]
async fn a_validation_that_counts_is_made_once() {
    let organization: OrganizationId = "22222222-2222-4222-8222-222222222222".parse().unwrap();
    let key = r#"{"id":"66666666-6666-4666-8666-666666666666","created_at":"2026-01-01T00:00:00Z",
        "organization_id":"22222222-2222-4222-8222-222222222222",
        "customer_id":"77777777-7777-4777-8777-777777777777",
        "customer":{"type":"individual","id":"77777777-7777-4777-8777-777777777777","created_at":"2026-01-01T00:00:00Z",
          "organization_id":"22222222-2222-4222-8222-222222222222"},
        "benefit_id":"88888888-8888-4888-8888-888888888888",
        "key":"K-1","display_key":"****-1","status":"frozen","usage":0,"validations":1}"#;
    let (stand, polar) = Stand::answering([json(503, ""), json(200, key)]).await;
    let valid = polar
        .license_keys()
        .validate("K-1", organization)
        .await
        .unwrap();
    assert_eq!(
        valid.status,
        LicenseKeyStatus::Unrecognized("frozen".to_owned())
    );
    assert_eq!(stand.asked().len(), 2);

    let (stand, polar) = Stand::answering([json(503, ""), json(200, key)]).await;
    polar
        .license_keys()
        .validate("K-1", organization)
        .increment_usage(1)
        .await
        .unwrap_err();
    assert_eq!(stand.asked().len(), 1);
}

#[tokio::test]
async fn the_servers_time_is_learnt_from_any_answer() {
    let date = vec![("date", "Fri, 01 Jan 2027 00:00:00 GMT".to_owned())];
    let (_, polar) = Stand::answering([(404, date, String::new())]).await;
    assert_eq!(polar.server_time(), None);
    let heard = polar.ask_server_time().await.unwrap().unwrap();
    let there = heard.heard_at.checked_add(heard.offset).unwrap();
    assert_eq!(there.to_string(), "2027-01-01T00:00:00Z");
}

#[test]
fn a_server_is_a_word_or_a_url() {
    let server = |text: &str| text.parse::<Server>();
    assert_eq!(server("sandbox").unwrap(), Server::Sandbox);
    assert_eq!(
        server("http://127.0.0.1:8787/").unwrap().base(),
        "http://127.0.0.1:8787"
    );
    for garbage in [
        "",
        "Sandboxx",
        "ftp://x",
        "127.0.0.1:8787",
        "http://u:p@x",
        "http://x/?q=1",
    ] {
        assert!(server(garbage).is_err(), "{garbage}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let polar = Polar::builder()
        .server(Server::Sandbox)
        .token("polar_oat_hidden")
        .build()
        .unwrap();
    let request = polar.checkouts().client_get("polar_c_hidden");
    let shown = format!(
        "{polar:?} {request:?} {:?}",
        Polar::builder().token("hidden")
    );
    assert!(!shown.contains("hidden"), "{shown}");
}

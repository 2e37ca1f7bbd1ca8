//! Who a customer is, and what an e-mail alone never makes of anyone.

use futures_util::future::join_all;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::polar::{self, patch};
use crate::shop::{pay, product};
use crate::world::{World, postgres, token};

const JANE: &str = "jane@example.com";

/// A customer of Polar's own making: bought by a link, say, before there was an account.
async fn somebody(world: &World, external_id: Option<&str>) -> String {
    let person = json!({"email": JANE, "external_id": external_id});
    let made = polar::post(&world.polar, "/v1/customers/", &person).await;
    world.settle().await;
    made["id"].as_str().unwrap().to_owned()
}

async fn create(world: &World, external_id: &str) -> Answer {
    let book = product(&world.polar, "Handbook").await;
    let ask = json!({
        "product_id": book, "customer_external_id": external_id, "customer_email": "Jane@Example.com",
    });
    world.post("/api/checkout/create", ask).await
}

async fn at_polar(world: &World, checkout: &Value) -> Value {
    let id = checkout["checkout_id"].as_str().unwrap();
    let path = format!("/v1/checkouts/{id}");
    world.polar.raw(&path).await.unwrap()
}

async fn external_id_of(world: &World, customer: &str) -> Value {
    let path = format!("/v1/customers/{customer}");
    world.polar.raw(&path).await.unwrap()["external_id"].clone()
}

async fn resolve(world: &World, ask: Value) -> Answer {
    world.post("/api/customers/resolve", ask).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_somebody_else_by_naming_their_email() {
    for policy in ["refuse", "link", "separate"] {
        let world = World::with(&[("POLARKIT_CUSTOMER_CONFLICT", policy)]).await;
        let jane = somebody(&world, Some("u_jane")).await;
        let answer = create(&world, "u_thief").await;
        if policy == "separate" {
            let seen = at_polar(&world, &answer.ok()).await;
            assert_eq!(seen["customer_email"], Value::Null, "the buyer is asked");
            assert_eq!(seen["external_customer_id"], "u_thief");
            assert_eq!(seen["customer_id"], Value::Null);
        } else {
            let detail = answer.refused(409, "customer_conflict");
            assert!(
                detail.contains(&jane) && !detail.contains("u_jane"),
                "{detail}"
            );
        }
        assert_eq!(external_id_of(&world, &jane).await, "u_jane");
        // Jane herself goes on buying.
        let seen = at_polar(&world, &create(&world, "u_jane").await.ok()).await;
        assert_eq!(seen["customer_id"], jane);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_without_an_external_id_is_linked_only_when_told_to() {
    let world = World::begin().await;
    let jane = somebody(&world, None).await;
    let refused = create(&world, "u_1").await;
    let detail = refused.refused(409, "customer_conflict");
    assert!(detail.contains("/api/customers/resolve"), "{detail}");
    assert_eq!(
        external_id_of(&world, &jane).await,
        Value::Null,
        "safe unless told"
    );
    let world = world.reset(&[("POLARKIT_CUSTOMER_CONFLICT", "link")]).await;
    // A user proves who they are, not what their e-mail is.
    let user = token(&json!({"sub": "u_1", "exp": 1_800_000_600}));
    let book = product(&world.polar, "Handbook").await;
    let call = world
        .request(Method::POST, "/api/checkout/create")
        .bearer_auth(user.expose_secret())
        .json(&json!({"product_id": book, "customer_email": JANE}));
    let answer = Answer::of(call.send().await.unwrap()).await;
    let detail = answer.refused(409, "customer_conflict");
    assert!(
        !detail.contains(&jane),
        "a user hears nothing of others: {detail}"
    );
    assert_eq!(external_id_of(&world, &jane).await, Value::Null);
    let opened = create(&world, "u_1").await.ok();
    assert_eq!(at_polar(&world, &opened).await["customer_id"], jane);
    assert_eq!(external_id_of(&world, &jane).await, "u_1");
    pay(
        &world,
        opened["checkout_id"].as_str().unwrap(),
        "pm_card_visa",
    )
    .await;
    let list = world.get("/api/entitlements/u_1").await.ok();
    assert_eq!(list["products"], json!([book]), "who paid may use it");
}

#[tokio::test(flavor = "multi_thread")]
async fn resolving_finds_links_or_creates_and_says_which() {
    let world = World::begin().await;
    let jane = somebody(&world, None).await;
    let ask = json!({"external_customer_id": "u_1", "email": "JANE@example.com"});
    resolve(&world, ask.clone())
        .await
        .refused(409, "customer_conflict");
    let mut linking = ask.clone();
    linking["on_conflict"] = json!("link");
    let linked = resolve(&world, linking.clone()).await.ok();
    assert_eq!(
        linked,
        json!({
            "customer_id": jane, "external_customer_id": "u_1", "email": JANE, "how": "linked",
        })
    );
    assert_eq!(resolve(&world, ask).await.ok()["how"], "known");
    linking["external_customer_id"] = json!("u_2");
    resolve(&world, linking)
        .await
        .refused(409, "customer_conflict");
    let new = json!({"external_customer_id": "ü/2", "email": "june@example.com", "name": "June"});
    let created = resolve(&world, new.clone()).await.ok();
    assert_eq!(created["how"], "created");
    let again = resolve(&world, new).await.ok();
    assert_eq!(
        (&again["how"], &again["customer_id"]),
        (&json!("known"), &created["customer_id"])
    );
    let nobody = json!({"external_customer_id": "u_nobody"});
    resolve(&world, nobody).await.refused(404, "not_found");
    for (ask, field) in [
        (json!({"external_customer_id": " "}), "external_customer_id"),
        (json!({"external_customer_id": "u", "email": "no"}), "email"),
        (
            json!({"external_customer_id": "u", "on_conflict": "x"}),
            "on_conflict",
        ),
    ] {
        let answer = resolve(&world, ask).await;
        let detail = answer.refused(400, "invalid_request");
        assert!(detail.contains(field), "{detail}");
    }
    let user = token(&json!({"sub": "u_1", "exp": 1_800_000_600}));
    let call = world
        .request(Method::POST, "/api/customers/resolve")
        .bearer_auth(user.expose_secret())
        .json(&json!({"external_customer_id": "u_1"}));
    Answer::of(call.send().await.unwrap())
        .await
        .refused(403, "forbidden");
}

/// Two nodes, and Polar's webhooks on their way.
#[tokio::test(flavor = "multi_thread")]
async fn many_who_resolve_at_once_get_one_customer() {
    let server = postgres().await;
    let settings = [
        ("DATABASE_URL", server.as_str()),
        ("POLARKIT_CUSTOMER_CONFLICT", "link"),
    ];
    let world = World::with(&settings).await;
    let node = world.another().await;
    for (known, external_id) in [(false, "u_1"), (true, "u_2")] {
        if known {
            let person = json!({"email": "u_2@example.com"});
            polar::post(&world.polar, "/v1/customers/", &person).await;
        }
        let asks = (0..30).map(|n| {
            let url = if n % 2 == 0 { &world.url } else { &node.url };
            let call = world.client.post(format!("{url}/api/customers/resolve"));
            let email = format!("{external_id}@example.com");
            let ask = json!({"external_customer_id": external_id, "email": email});
            let call = call.bearer_auth(crate::world::KEY).json(&ask);
            async move { Answer::of(call.send().await.unwrap()).await.ok() }
        });
        let answers = join_all(asks).await;
        let first = &answers[0]["customer_id"];
        assert!(answers.iter().all(|one| one["customer_id"] == *first));
        let hows = |how: &str| answers.iter().filter(|one| one["how"] == how).count();
        if known {
            assert!(hows("linked") >= 1 && hows("created") == 0, "{answers:?}");
        } else {
            assert_eq!((hows("created"), hows("linked")), (1, 0), "{answers:?}");
        }
    }
    let all = polar::list(&world.polar, "/v1/customers/").await;
    let of = |email: &str| all.iter().filter(|one| one["email"] == email).count();
    assert_eq!((of("u_1@example.com"), of("u_2@example.com")), (1, 1));
    node.stop().await;
}

/// What reading back found of a customer is shown, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_shown_with_members_seats_meters_and_keys() {
    let world = World::with(&[("POLARKIT_RECONCILE", "true")]).await;
    polar::buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    polar::agrees(&world).await;
    crate::heal::read(&world).await;
    let shown = world.get("/api/customers/u_1").await.ok();
    let members = shown["members"].as_array().unwrap();
    assert_eq!(members.len(), 1, "{shown}");
    assert_eq!(members[0]["role"], "owner");
    assert_eq!(shown["seats"], json!([]));
    let keys = shown["license_keys"].as_array().unwrap();
    let read = polar::list(&world.polar, "/v1/license-keys/").await;
    assert_eq!(keys.len(), read.len());
    for key in keys {
        assert!(key.get("key").is_none(), "never the key itself: {key}");
        assert_eq!(key["status"], "granted");
        assert_eq!(key["is_granted"], true);
    }
    let meters = polar::list(&world.polar, "/v1/customer-meters/").await;
    assert_eq!(shown["meters"].as_array().unwrap().len(), meters.len());
    let (customer, id) = (&shown["customer"]["id"], &members[0]["id"]);
    let path = format!(
        "/v1/customers/{}/members/{}",
        customer.as_str().unwrap(),
        id.as_str().unwrap()
    );
    patch(&world.polar, &path, &json!({"name": "June"})).await;
    world.settle().await;
    let shown = world.get("/api/customers/u_1").await.ok();
    assert_eq!(shown["members"][0]["name"], "June");
}

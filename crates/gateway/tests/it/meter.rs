//! Usage counted before an app: whose it is, what counts, and that it is durable before an answer
//! ends.

use futures_util::future::join_all;
use polarkit_gateway::{UsageLayer, metering::Rules};
use polarkit_model::Clock as _;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::metered::{Metered, serve};
use crate::world::{World, token};

#[tokio::test(flavor = "multi_thread")]
async fn each_success_of_a_known_customer_is_one_event_of_the_guides_shape() {
    let metered = Metered::begin(&[]).await;
    let calls = (0..50).map(|number| {
        let user = format!("u_{}", number % 5);
        let metered = &metered;
        async move {
            metered
                .get(&user, "/api/hello/ada?secret=1")
                .await
                .text()
                .await
                .unwrap()
        }
    });
    assert_eq!(join_all(calls).await, ["hi ada"; 50]);
    let events = metered.delivered(50).await;
    for number in 0..5 {
        let user = format!("u_{number}");
        let own = events
            .iter()
            .filter(|event| event["external_customer_id"] == user);
        assert_eq!(own.count(), 10);
    }
    let event = &events[0];
    assert_eq!(event["name"], "api_call");
    let metadata = event["metadata"].as_object().unwrap();
    assert_eq!(
        metadata.keys().collect::<Vec<_>>(),
        ["endpoint", "tokens", "timestamp"]
    );
    assert_eq!(
        (&metadata["endpoint"], &metadata["tokens"]),
        (&json!("/api/hello/ada"), &json!(1))
    );
    assert!(metadata["timestamp"].as_f64().unwrap() >= 1_800_000_000.0);
    let text = metered.world.get("/metrics").await.body.to_string();
    assert!(
        text.contains("polarkit_metered_total{outcome=\\\"counted\\\"} 50"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_billed_on_a_strangers_word() {
    let metered = Metered::begin(&[
        ("POLARKIT_METER_CUSTOMER_HEADER", "x-customer-id"),
        ("POLARKIT_METER_TRUST_NETWORKS", "10.0.0.0/8"),
    ])
    .await;
    let call = || metered.call(Method::GET, "/api/hello/eve");
    let now = metered.world.clock.now().as_second();
    let valid = token(&json!({"sub": "u_1", "exp": now + 60}));
    let late = token(&json!({"sub": "u_1", "exp": now - 60}));
    let (claims, _signature) = valid.expose_secret().rsplit_once('.').unwrap();
    for forged in [
        call(),
        call().header("x-customer-id", "u_1"),
        call()
            .header("X-Customer-Id", "u_1")
            .header("x-forwarded-for", "10.0.0.1"),
        call().bearer_auth(late.expose_secret()),
        call().bearer_auth(format!("{claims}.AAAA")),
        call().bearer_auth("u_1"),
        call().header("authorization", format!("Basic {}", valid.expose_secret())),
    ] {
        assert_eq!(forged.send().await.unwrap().text().await.unwrap(), "hi eve");
        assert!(!metered.app.last().1.contains_key("x-customer-id"));
    }
    assert_eq!(metered.durable().await, 0);
    let known = call()
        .bearer_auth(valid.expose_secret())
        .header("x-customer-id", "u_2");
    known.send().await.unwrap();
    assert_eq!(metered.delivered(1).await[0]["external_customer_id"], "u_1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_names_the_customer_and_strangers_may_be_refused() {
    let metered = Metered::begin(&[
        ("POLARKIT_METER_CUSTOMER_HEADER", "x-customer-id"),
        ("POLARKIT_METER_TRUST_NETWORKS", "127.0.0.1"),
        ("POLARKIT_METER_REQUIRE_CUSTOMER", "true"),
    ])
    .await;
    let call = || metered.call(Method::GET, "/api/hello/ada");
    let named = call().header("x-customer-id", "u_7").send().await.unwrap();
    assert_eq!(named.status(), 200);
    assert_eq!(metered.app.last().1["x-customer-id"], "u_7");
    let contradicting = call()
        .header("x-customer-id", "u_7")
        .header("x-customer-id", "u_8");
    for nobody in [call(), contradicting] {
        let refused = crate::answer::Answer::of(nobody.send().await.unwrap()).await;
        refused.refused(401, "unauthenticated");
    }
    assert_eq!(
        metered.app.heard.lock().unwrap().len(),
        1,
        "the app was not asked"
    );
    assert_eq!(metered.delivered(1).await[0]["external_customer_id"], "u_7");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_not_counted() {
    let metered = Metered::begin(&[]).await;
    for code in [400, 401, 404, 429, 500, 503] {
        let answer = metered.get("u_1", &format!("/status/{code}")).await;
        assert_eq!(answer.status(), code);
        assert_eq!(answer.text().await.unwrap(), "so be it");
    }
    for method in [Method::HEAD, Method::OPTIONS] {
        let answer = metered
            .of("u_1", method, "/api/hello/ada")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
    }
    let give = metered.app.live();
    let answer = metered.get("u_1", "/live").await;
    give.send(Ok("half".into())).await.unwrap();
    give.send(Err(std::io::Error::other("gone"))).await.unwrap();
    answer.text().await.unwrap_err();
    assert_eq!(metered.durable().await, 0);
    metered.get("u_1", "/status/302").await;
    metered.delivered(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_ends_only_when_its_use_is_durable() {
    // Nothing is delivered: what is counted is what the store holds.
    let metered = Metered::begin(&[("POLAR_SERVER", "http://127.0.0.1:9")]).await;
    for (number, path) in ["/api/hello/ada", "/status/204", "/status/304"]
        .into_iter()
        .enumerate()
    {
        metered.get("u_1", path).await.bytes().await.unwrap();
        assert_eq!(
            metered.durable().await,
            i64::try_from(number).unwrap() + 1,
            "{path}"
        );
    }
    let give = metered.app.live();
    let answer = metered.get("u_1", "/live").await;
    give.send(Ok("a stream without a length".into()))
        .await
        .unwrap();
    drop(give);
    answer.bytes().await.unwrap();
    assert_eq!(metered.durable().await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_answered_for_although_nothing_can_be_counted() {
    let metered = Metered::begin(&[]).await;
    metered.world.gateway.store().close().await;
    let answer = metered.get("u_1", "/api/hello/ada").await;
    assert_eq!(answer.text().await.unwrap(), "hi ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_early_has_used_what_was_done() {
    let metered = Metered::begin(&[]).await;
    let give = metered.app.live();
    let mut answer = metered.get("u_1", "/live").await;
    give.send(Ok("nearly all".into())).await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "nearly all");
    drop(answer);
    metered.app.left.notified().await; // the app is let go of, too
    metered.delivered(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_tells_what_was_used_and_its_client_does_not_see_it() {
    let metered = Metered::begin(&[]).await;
    let answer = metered.get("u_1", "/report").await;
    assert!(
        !answer.headers().contains_key("x-polar-usage"),
        "{answer:?}"
    );
    let unknown = metered.call(Method::GET, "/report").send().await.unwrap();
    assert!(
        !unknown.headers().contains_key("x-polar-usage"),
        "{unknown:?}"
    );
    let metadata = &metered.delivered(1).await[0]["metadata"];
    assert_eq!(
        (&metadata["tokens"], &metadata["bytes"]),
        (&json!(123), &json!(456))
    );
}

const RULES: &str = r#"
    [[rule]]
    path = "/api/hello/{name}"
    event = "greeting"
    tokens = 5
    metadata = { plan = "pro", weight = 2 }

    [[rule]]
    path = "/upload/stored/{*name}"
    methods = ["PUT"]
    kind = "storage"

    [[rule]]
    path = "/upload/objects/{*name}"
    kind = "s3"
    event = "object"
    metadata = { bucket = "objects" }

    [[rule]]
    path = "/status/404"
    statuses = [404]
    kind = "delta_time"
    event = "miss"

    [[rule]]
    path = "/report"
    kind = "stream"
    event = "download"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn rules_say_what_a_request_is() {
    let metered = Metered::ruled(RULES, &[]).await;
    metered.get("u_1", "/api/hello/Ada").await;
    let put = |path| {
        metered
            .of("u_1", Method::PUT, path)
            .header("content-type", "image/png")
    };
    let stored = put("/upload/stored/a/b")
        .body("12345")
        .send()
        .await
        .unwrap();
    assert_eq!(stored.text().await.unwrap(), "5");
    put("/upload/objects/Cat%20.png")
        .body("1234567")
        .send()
        .await
        .unwrap();
    put("/upload/other")
        .body("not counted")
        .send()
        .await
        .unwrap();
    metered.get("u_1", "/status/404").await;
    metered.get("u_1", "/report").await;
    let events = metered.delivered(5).await;
    let of = |name: &str| -> &Value {
        let found = events.iter().find(|event| event["name"] == name);
        &found.unwrap_or_else(|| panic!("no {name} in {events:?}"))["metadata"]
    };
    let greeting = of("greeting");
    assert_eq!(
        (
            &greeting["endpoint"],
            &greeting["tokens"],
            &greeting["plan"],
            &greeting["weight"]
        ),
        (
            &json!("/api/hello/{name}"),
            &json!(5),
            &json!("pro"),
            &json!(2)
        )
    );
    let storage = of("storage_usage").as_object().unwrap();
    assert_eq!(storage.keys().collect::<Vec<_>>(), ["bytes", "timestamp"]);
    assert_eq!(storage["bytes"], 5);
    assert_eq!(
        of("object"),
        &json!({"bytes": 7, "key": "upload/objects/Cat .png", "contentType": "image/png",
            "strategy": "S3", "bucket": "objects"})
    );
    assert_eq!(of("miss")["strategy"], "DeltaTime");
    assert!(of("miss")["deltaTime"].is_u64());
    assert_eq!(
        of("download"),
        &json!({"bytes": 456, "strategy": "Stream", "tokens": 123})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_around_an_apps_own_routes_counts_by_the_same_rules() {
    let world = World::begin().await;
    let rules = "[[rule]]\npath = \"/Files/{name}\"\nkind = \"stream\"\nevent = \"file\"\n[[rule]]\npath = \"*\"";
    let layer = UsageLayer::new(&world.gateway, |request| {
        let user = request.headers.get("x-verified-before")?.to_str().ok()?;
        Some(user.to_owned())
    });
    let layer = layer.rules(Rules::parse(rules).unwrap());
    let app = axum::Router::new()
        .route("/files/{name}", axum::routing::get(async || "0123456789"))
        .route("/users/{id}", axum::routing::get(async || "a user"))
        .layer(layer);
    let url = serve(app).await;
    let metered = Metered {
        world,
        app: crate::metered::App::default(),
    };
    for path in ["/files/a", "/users/7", "/nowhere"] {
        let call = metered.world.client().get(format!("{url}{path}"));
        call.header("x-verified-before", "u_1")
            .send()
            .await
            .unwrap();
        metered
            .world
            .client()
            .get(format!("{url}{path}"))
            .send()
            .await
            .unwrap();
    }
    let events = metered.delivered(2).await;
    let of = |name: &str| events.iter().find(|event| event["name"] == name).unwrap();
    assert_eq!(
        of("file")["metadata"],
        json!({"bytes": 10, "strategy": "Stream"})
    );
    assert_eq!(of("api_call")["metadata"]["endpoint"], "/users/{id}");
}

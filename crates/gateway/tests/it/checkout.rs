//! Checkouts and portal sessions.

use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::shop::{buy, pay, product};
use crate::world::{KEY, World, token};

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_is_created_as_the_guide_says_and_as_polar_wants() {
    let world = World::begin().await;
    let pro = product(&world.polar, "Pro").await;
    let ask = json!({
        "product_id": pro, "customer_email": "jane@example.com", "customer_external_id": "u_1",
        "metadata": {"source": "pricing", "seats": 3, "gift": false},
    });
    let created = world.post("/api/checkout/create", ask).await.ok();
    let fields: Vec<&String> = created.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["checkout_id", "checkout_url", "status"]);
    assert_eq!(created["status"], "created");
    let id = created["checkout_id"].as_str().unwrap();
    let seen = world
        .polar
        .raw(&format!("/v1/checkouts/{id}"))
        .await
        .unwrap();
    assert_eq!(seen["url"], created["checkout_url"]);
    assert_eq!(seen["allow_discount_codes"], true);
    assert_eq!(seen["external_customer_id"], "u_1");
    assert_eq!(seen["customer_email"], "jane@example.com");
    assert_eq!(seen["metadata"]["seats"], 3);
    let back = seen["success_url"].as_str().unwrap();
    assert_eq!(
        back,
        format!("https://shop.example/thanks?checkout={id}"),
        "the default"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_told_by_field() {
    let world = World::begin().await;
    let pro = product(&world.polar, "Pro").await;
    let with = |field: &str, value: Value| json!({"product_id": pro, field: value});
    let long = "x".repeat(501);
    let many: Value = (0..51)
        .map(|n| (n.to_string(), json!(n)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    for (ask, field) in [
        (json!({}), "product_id"),
        (json!([]), ""),
        (json!({"product_id": 5}), "product_id"),
        (json!({"product_id": "pro"}), "product_id"),
        (with("customer_email", json!("nobody")), "customer_email"),
        (
            with("success_url", json!("javascript:alert(1)")),
            "success_url",
        ),
        (
            with("success_url", json!("https://evil.example/")),
            "success_url",
        ),
        (with("success_url", json!("//shop.example/")), "success_url"),
        (with("metadata", json!({"a": null})), "metadata"),
        (with("metadata", json!({"a": ""})), "metadata"),
        (with("metadata", json!({"a": {"b": 1}})), "metadata"),
        (with("metadata", json!({ "a": long })), "metadata"),
        (with("metadata", json!({ "k".repeat(41): 1 })), "metadata"),
        (with("metadata", many), "metadata"),
    ] {
        let answer = world.post("/api/checkout/create", ask).await;
        let detail = answer.refused(400, "invalid_request");
        assert!(detail.contains(field), "{answer:?}");
        assert!(!detail.contains("struct"), "no types of ours: {answer:?}");
    }
    let text = world
        .request(Method::POST, "/api/checkout/create")
        .bearer_auth(KEY)
        .body("{");
    Answer::of(text.send().await.unwrap())
        .await
        .refused(400, "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_is_sent_to_listed_hosts_only() {
    let world = World::with(&[("POLARKIT_REDIRECT_HOSTS", "app.example")]).await;
    let pro = product(&world.polar, "Pro").await;
    for (url, status) in [
        ("https://app.example/thanks", 200),
        ("http://APP.EXAMPLE/thanks", 200),
        ("https://shop.example/other?c={CHECKOUT_ID}", 200),
        ("https://app.example.evil/thanks", 400),
        ("https://app.example@evil.example/", 400),
    ] {
        let ask = json!({"product_id": pro, "success_url": url});
        assert_eq!(
            world.post("/api/checkout/create", ask).await.status,
            status,
            "{url}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn polars_refusal_names_fields_and_none_of_its_words() {
    let world = World::begin().await;
    let unknown = json!({"product_id": "00000000-0000-4000-8000-000000000000"});
    let answer = world.post("/api/checkout/create", unknown).await;
    let detail = answer.refused(400, "refused_by_polar");
    assert!(detail.starts_with("Error creando checkout: "), "{detail}");
    assert!(
        detail.contains("products") && !detail.contains("does not exist"),
        "{detail}"
    );
    assert!(
        detail.contains("another organization or environment") && detail.contains("on local"),
        "{detail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_polar_that_is_away_is_503_and_never_the_callers_fault() {
    let world = World::with(&[("POLAR_SERVER", "http://127.0.0.1:9")]).await;
    let pro = "00000000-0000-4000-8000-000000000000";
    let answer = world
        .post("/api/checkout/create", json!({"product_id": pro}))
        .await;
    answer.refused(503, "upstream_unavailable");
    assert_eq!(answer.body["kind"], "network_error");
    assert!(answer.headers.contains_key("retry-after"));
    assert!(
        !answer.body.to_string().contains("127.0.0.1"),
        "no addresses of ours: {answer:?}"
    );
    let details = world.get(&format!("/api/checkout/{pro}/details")).await;
    details.refused(503, "upstream_unavailable");
    let license = world
        .post_anonymously("/api/license/validate", json!({"license_key": "K"}))
        .await;
    license.refused(503, "upstream_unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_own_bad_token_is_not_the_callers_fault() {
    let world = World::with(&[("POLAR_ACCESS_TOKEN", "polar_oat_nobodys")]).await;
    let ask = json!({"product_id": "00000000-0000-4000-8000-000000000000"});
    world
        .post("/api/checkout/create", ask)
        .await
        .refused(502, "upstream_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_makes_a_repetition_safe() {
    let world = World::begin().await;
    let pro = product(&world.polar, "Pro").await;
    let create = |key: &'static str, ask: Value| {
        let call = world
            .request(Method::POST, "/api/checkout/create")
            .bearer_auth(KEY);
        let call = call.header("idempotency-key", key).json(&ask);
        async move { Answer::of(call.send().await.unwrap()).await }
    };
    let ask = json!({"product_id": pro, "metadata": {"b": 1, "a": 2}});
    let first = create("k1", ask.clone()).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let first = first.ok();
    let again = create("k1", ask.clone()).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.ok(), first);
    create("k1", json!({"product_id": pro}))
        .await
        .refused(422, "idempotency_key_reused");
    assert_ne!(
        create("k2", ask.clone()).await.ok()["checkout_id"],
        first["checkout_id"]
    );
    let world = world.restart().await;
    let call = world
        .request(Method::POST, "/api/checkout/create")
        .bearer_auth(KEY);
    let kept = call
        .header("idempotency-key", "k1")
        .json(&ask)
        .send()
        .await
        .unwrap();
    assert_eq!(Answer::of(kept).await.ok(), first, "durable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_frees_the_idempotency_key() {
    let world = World::begin().await;
    let pro = product(&world.polar, "Pro").await;
    let create = async |product: &str| {
        let call = world
            .request(Method::POST, "/api/checkout/create")
            .bearer_auth(KEY);
        let call = call
            .header("idempotency-key", "k1")
            .json(&json!({"product_id": product}));
        Answer::of(call.send().await.unwrap()).await
    };
    create("00000000-0000-4000-8000-000000000000")
        .await
        .refused(400, "refused_by_polar");
    create(&pro).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn details_are_seven_and_follow_the_payment() {
    let world = World::begin().await;
    let book = product(&world.polar, "Handbook").await;
    let ask = json!({"product_id": book, "customer_external_id": "u_1", "metadata": {"a": "b"}});
    let created = world.post("/api/checkout/create", ask).await.ok();
    let id = created["checkout_id"].as_str().unwrap();
    let path = format!("/api/checkout/{id}/details");
    let details = world.get(&path).await.ok();
    assert_eq!(
        details,
        json!({
            "checkout_id": id, "status": "open", "customer_id": null, "product_id": book,
            "amount": 2900, "currency": "usd", "metadata": {"a": "b"},
        })
    );
    pay(&world, id, "pm_card_visa").await;
    let details = world.get(&path).await.ok();
    assert_eq!(details["status"], "succeeded");
    assert!(details["customer_id"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn details_of_nothing_are_404() {
    let world = World::begin().await;
    for id in ["00000000-0000-4000-8000-000000000000", "nonsense"] {
        world
            .get(&format!("/api/checkout/{id}/details"))
            .await
            .refused(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_buys_for_themselves_and_sees_their_own() {
    let world = World::begin().await;
    let pro = product(&world.polar, "Pro").await;
    let user = |name: &str| token(&json!({"sub": name, "exp": 1_800_000_600}));
    let (one, two) = (user("u_1"), user("u_2"));
    let call = world
        .request(Method::POST, "/api/checkout/create")
        .json(&json!({"product_id": pro}));
    let call = call.bearer_auth(one.expose_secret());
    let created = Answer::of(call.send().await.unwrap()).await.ok();
    let id = created["checkout_id"].as_str().unwrap();
    let seen = world
        .polar
        .raw(&format!("/v1/checkouts/{id}"))
        .await
        .unwrap();
    assert_eq!(seen["external_customer_id"], "u_1");
    let path = format!("/api/checkout/{id}/details");
    let look = async |who: &secrecy::SecretString| {
        let call = world
            .request(Method::GET, &path)
            .bearer_auth(who.expose_secret());
        Answer::of(call.send().await.unwrap()).await
    };
    look(&one).await.ok();
    look(&two).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_buys_only_what_is_for_sale() {
    let world = World::begin().await;
    let (pro, book) = (
        product(&world.polar, "Pro").await,
        product(&world.polar, "Handbook").await,
    );
    drop(world);
    // The seed is the same, so are the ids.
    let world = World::with(&[("POLARKIT_PRODUCTS", &pro)]).await;
    let user = token(&json!({"sub": "u_1", "exp": 1_800_000_600}));
    let create = async |product: &str, key: &str| {
        let call = world
            .request(Method::POST, "/api/checkout/create")
            .bearer_auth(key);
        let call = call.json(&json!({"product_id": product}));
        Answer::of(call.send().await.unwrap()).await
    };
    create(&pro, user.expose_secret()).await.ok();
    create(&book, user.expose_secret())
        .await
        .refused(403, "forbidden");
    create(&book, KEY).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_asked_for_by_the_name_configuration_gives_it() {
    let world = World::begin().await;
    let pro = product(&world.polar, "Pro").await;
    drop(world);
    // The seed is the same, so are the ids.
    let world = World::with(&[("POLARKIT_PRODUCTS", &format!("pro = {pro}"))]).await;
    let ask = json!({"product_id": "pro"});
    let created = world.post("/api/checkout/create", ask).await.ok();
    let id = created["checkout_id"].as_str().unwrap();
    let details = world.get(&format!("/api/checkout/{id}/details")).await.ok();
    assert_eq!(details["product_id"], pro);
    let unlisted = json!({"product_id": "team"});
    let answer = world.post("/api/checkout/create", unlisted).await;
    let detail = answer.refused(400, "invalid_request");
    assert!(detail.contains("product_id"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_means_another_product_in_each_environment() {
    let world = World::begin().await;
    let pro = product(&world.polar, "Pro").await;
    let book = product(&world.polar, "Handbook").await;
    drop(world);
    let other = "00000000-0000-4000-8000-000000000001";
    // The seed is the same, so are the ids.
    let list = format!(
        "pro={other}, pro@local={pro}, pro@production={other}, team@sandbox={other}, \
         team@production={other}, @local={book}"
    );
    let world = World::with(&[("POLARKIT_PRODUCTS", &list)]).await;
    let create = async |asked: &str, who: &str| {
        let call = world
            .request(Method::POST, "/api/checkout/create")
            .bearer_auth(who)
            .json(&json!({"product_id": asked}));
        Answer::of(call.send().await.unwrap()).await
    };
    let created = create("pro", KEY).await.ok();
    let id = created["checkout_id"].as_str().unwrap();
    let details = world.get(&format!("/api/checkout/{id}/details")).await.ok();
    assert_eq!(details["product_id"], pro, "the line for here overrules");
    for (asked, says) in [
        (
            "team",
            "for production, sandbox alone; for local it has pro",
        ),
        (
            other,
            "for production, sandbox, and this gateway sells on local",
        ),
        ("basic", "POLARKIT_PRODUCTS, which for local has pro"),
    ] {
        let answer = create(asked, KEY).await;
        let detail = answer.refused(400, "invalid_request");
        assert!(detail.starts_with("product_id: "), "{detail}");
        assert!(detail.contains(says), "{asked}: {detail}");
    }
    let user = token(&json!({"sub": "u_1", "exp": 1_800_000_600}));
    create(&book, user.expose_secret()).await.ok();
    // A list for other environments alone opens nothing here.
    let world = world
        .reset(&[("POLARKIT_PRODUCTS", &format!("pro@production={other}"))])
        .await;
    let call = world
        .request(Method::POST, "/api/checkout/create")
        .bearer_auth(user.expose_secret())
        .json(&json!({"product_id": pro}));
    Answer::of(call.send().await.unwrap())
        .await
        .refused(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_session_is_polars_own() {
    let world = World::begin().await;
    buy(&world, "Handbook", "u_1").await;
    let customer = world.get("/api/entitlements/u_1").await.ok()["customer_id"].clone();
    for ask in [
        json!({ "customer_id": customer }),
        json!({"external_customer_id": "u_1"}),
    ] {
        let session = world.post("/api/customer-portal/session", ask).await.ok();
        let fields: Vec<&String> = session.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["session_token", "portal_url"]);
        let (url, token) = (
            &session["portal_url"],
            session["session_token"].as_str().unwrap(),
        );
        assert!(
            url.as_str().unwrap().contains(token),
            "Polar's own link carries the token"
        );
    }
    let missing = world.post("/api/customer-portal/session", json!({})).await;
    assert_eq!(
        missing.refused(400, "invalid_request"),
        "customer_id is required"
    );
    let nobody = json!({"external_customer_id": "u_nobody"});
    let answer = world.post("/api/customer-portal/session", nobody).await;
    let detail = answer.refused(400, "refused_by_polar");
    assert!(
        detail.starts_with("Error creando sesión del portal: "),
        "{detail}"
    );
    let user = token(&json!({"sub": "u_1", "exp": 1_800_000_600}));
    let own = world
        .request(Method::POST, "/api/customer-portal/session")
        .json(&json!({}));
    let own = own.bearer_auth(user.expose_secret()).send().await.unwrap();
    Answer::of(own).await.ok();
}

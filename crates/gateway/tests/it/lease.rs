//! Leases of licences: given on Polar's word, verified without a network, revoked when it ends.

use jiff::{SignedDuration, Timestamp};
use polarkit::license::{
    Lease, LicenseError, Mark, Revocations, SigningKey, Verifier, key_hash, machine_hash,
};
use polarkit_model::Clock as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::license::key;
use crate::polar::patch;
use crate::world::{World, postgres};

pub(crate) const MACHINE: &str = "board-0042-of-the-crane";

/// A signing key, as text.
pub(crate) fn signing_key() -> String {
    SigningKey::generate().unwrap().reveal().to_owned()
}

async fn leasing() -> World {
    World::with(&[("POLARKIT_LEASE_KEYS", &signing_key())]).await
}

async fn ask(world: &World, ask: Value) -> Answer {
    world.post_anonymously("/api/license/lease", ask).await
}

async fn given(world: &World, key: &str, machine: &str) -> Value {
    let lease = ask(world, json!({"license_key": key, "fingerprint": machine}));
    lease.await.ok()
}

async fn anyone(world: &World, path: &str) -> Answer {
    Answer::of(world.request(Method::GET, path).send().await.unwrap()).await
}

async fn verifier(world: &World) -> Verifier {
    // As often as a test likes: strangers are limited.
    let jwks = world.get("/api/license/keys").await.ok();
    Verifier::new(&jwks.to_string()).unwrap()
}

async fn verified(world: &World, token: &Value, machine: &str) -> Result<Lease, LicenseError> {
    let verifier = verifier(world).await;
    let token = token.as_str().unwrap();
    verifier.verify(token, machine, world.clock.now(), &mut Mark::default())
}

async fn list(world: &World, query: &str) -> Revocations {
    let page = world.get(&format!("/api/license/revocations{query}")).await;
    let page = page.ok();
    let token = page["revocations"].as_str().unwrap();
    let list = verifier(world).await.read_revocations(token).unwrap();
    assert_eq!(page["count"], list.revoked.len());
    list
}

async fn revoked(world: &World) -> Vec<String> {
    let list = list(world, "").await.revoked;
    list.into_iter().map(|one| one.lease).collect()
}

/// Polar's id of the one licence key there is.
async fn license(world: &World) -> String {
    let keys = world.polar.raw("/v1/license-keys/").await.unwrap();
    keys["items"][0]["id"].as_str().unwrap().to_owned()
}

async fn change(world: &World, body: Value) {
    let path = format!("/v1/license-keys/{}", license(world).await);
    patch(&world.polar, &path, &body).await;
}

async fn end_subscription(world: &World) {
    let mirrored = world.get("/api/customers/u_1").await.ok();
    let id = mirrored["subscriptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/subscriptions/{id}");
    let ended = world.polar.raw(&path).method(Method::DELETE).await;
    ended.unwrap();
    world.settle().await;
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_verified_with_the_public_keys_alone() {
    let world = leasing().await;
    let key = key(&world).await;
    let given = given(&world, &key, MACHINE).await;
    let lease = verified(&world, &given["lease"], MACHINE).await.unwrap();
    assert_eq!(lease.id, given["id"]);
    assert_eq!(lease.organization, world.credentials.organization_id);
    assert_eq!(lease.license, license(&world).await);
    assert!(lease.is_of(&key));
    assert_eq!(lease.issued_at, world.clock.now());
    assert_eq!(lease.expires_at, world.clock.now() + hours(72));
    let entitled = world.get("/api/entitlements/u_1").await.ok();
    let used = serde_json::to_value(&lease.entitlements).unwrap();
    assert_eq!(used["products"], entitled["products"]);
    assert_eq!(used["features"], entitled["features"]);
    assert!(!lease.entitlements.benefit.is_empty());
    let other = verified(&world, &given["lease"], "another").await;
    assert_eq!(other, Err(LicenseError::OtherMachine));
    let keys = anyone(&world, "/api/license/keys").await;
    assert_eq!(keys.headers["cache-control"], "public, max-age=300");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_lease_nor_the_store_tells_of_key_machine_or_person() {
    let world = leasing().await;
    let key = key(&world).await;
    let given = given(&world, &key, MACHINE).await;
    let lease = verified(&world, &given["lease"], MACHINE).await.unwrap();
    let told = serde_json::to_string(&lease).unwrap();
    for private in [key.as_str(), MACHINE, "jane@example.com", "Jane Doe", "u_1"] {
        assert!(!told.contains(private), "{private} in {told}");
    }
    let kept = world.files();
    let is_in = |text: &str| kept.windows(text.len()).any(|some| some == text.as_bytes());
    let hash = key_hash(&key);
    assert!(
        is_in(&machine_hash(&hash, MACHINE)),
        "the lease is recorded"
    );
    assert!(is_in(&hash));
    assert!(!is_in(MACHINE));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_signing_key_it_is_told_which_variable_is_missing() {
    let world = World::begin().await;
    let ask = ask(&world, json!({"license_key": "K", "fingerprint": "m"})).await;
    let keys = anyone(&world, "/api/license/keys").await;
    let list = anyone(&world, "/api/license/revocations").await;
    for answer in [ask, keys, list] {
        let detail = answer.refused(501, "not_configured");
        assert!(detail.starts_with("POLARKIT_LEASE_KEYS: "), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_by_field() {
    let world = World::with(&[
        ("POLARKIT_LEASE_KEYS", &signing_key()),
        ("POLARKIT_LEASE_HOURS", "2"),
    ])
    .await;
    for (asked, field) in [
        (json!({"fingerprint": "m"}), "license_key"),
        (json!({"license_key": "K"}), "fingerprint"),
        (
            json!({"license_key": "K", "fingerprint": " "}),
            "fingerprint",
        ),
        (
            json!({"license_key": "K", "fingerprint": "m".repeat(256)}),
            "fingerprint",
        ),
        (
            json!({"license_key": "K", "fingerprint": "m", "seconds": 0}),
            "seconds",
        ),
        (
            json!({"license_key": "K", "fingerprint": "m", "seconds": 7201}),
            "seconds: 1 to 7200, which POLARKIT_LEASE_HOURS allows",
        ),
    ] {
        let answer = ask(&world, asked).await;
        let detail = answer.refused(400, "invalid_request");
        assert!(detail.contains(field), "{detail}");
    }
    for query in ["?after=1", "?since=x", "?since=99999999999999"] {
        let answer = anyone(&world, &format!("/api/license/revocations{query}")).await;
        answer.refused(400, "invalid_request");
    }
    let unknown = ask(&world, json!({"license_key": "K", "fingerprint": "m"})).await;
    unknown.refused(400, "license_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_never_outlasts_its_licence() {
    let world = leasing().await;
    let key = key(&world).await;
    let end = world.clock.now() + hours(10);
    change(&world, json!({"expires_at": end.to_string()})).await;
    let given_ = given(&world, &key, MACHINE).await;
    let expires_at: Timestamp = given_["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires_at, end);
    let short = json!({"license_key": key, "fingerprint": MACHINE, "seconds": 60});
    let short = ask(&world, short).await.ok();
    assert_eq!(short["id"], given_["id"], "a renewal keeps its name");
    let expires_at: Timestamp = short["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires_at, world.clock.now() + SignedDuration::from_mins(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_that_ends_revokes_its_leases_until_they_would_have_ended() {
    let world = leasing().await;
    let key = key(&world).await;
    let first = given(&world, &key, MACHINE).await;
    let second = given(&world, &key, "another").await;
    assert_eq!(revoked(&world).await, Vec::<String>::new());
    let before = world.clock.now().as_second();
    world.clock.advance(hours(1));
    end_subscription(&world).await;
    let list = list(&world, &format!("?since={before}")).await;
    let mut named: Vec<&str> = list.revoked.iter().map(|one| one.lease.as_str()).collect();
    let mut expected = [
        first["id"].as_str().unwrap(),
        second["id"].as_str().unwrap(),
    ];
    named.sort_unstable();
    expected.sort_unstable();
    assert_eq!(named, expected);
    assert_eq!(list.revoked[0].key, key_hash(&key));
    let (token, verifier) = (first["lease"].as_str().unwrap(), verifier(&world).await);
    let mut mark = Mark::default();
    let now = world.clock.now();
    verifier.verify(token, MACHINE, now, &mut mark).unwrap();
    let heeding = verifier.revocations(list);
    let refused = heeding.verify(token, MACHINE, now, &mut mark);
    assert_eq!(refused, Err(LicenseError::Revoked));

    let again = ask(&world, json!({"license_key": key, "fingerprint": MACHINE}));
    again.await.refused(400, "license_invalid");
    let later = world.clock.now().as_second() + 61;
    let since = self::list(&world, &format!("?since={later}")).await;
    assert_eq!(since.revoked, [], "only what was revoked since");
    world.clock.advance(hours(72));
    assert_eq!(revoked(&world).await, Vec::<String>::new());
}

/// Polar sends no webhook about any of it: it is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_licence_that_is_disabled_unheard_revokes_its_leases_within_the_hour() {
    let world = leasing().await;
    let key = key(&world).await;
    let given = given(&world, &key, MACHINE).await;
    change(&world, json!({"status": "disabled"})).await;
    world.settle().await;
    world.clock.advance(SignedDuration::from_mins(61));
    let expected = [given["id"].as_str().unwrap()];
    world
        .until("the lease is revoked", async || {
            revoked(&world).await == expected
        })
        .await;
}

/// A refusal alone ends nothing: the machine may have asked with the wrong conditions.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_polar_asked_at_once() {
    let world = leasing().await;
    let key = key(&world).await;
    let first = given(&world, &key, MACHINE).await;
    let nobodys = json!({
        "license_key": key, "fingerprint": MACHINE,
        "activation_id": "00000000-0000-4000-8000-000000000000",
    });
    ask(&world, nobodys).await.refused(400, "license_invalid");
    let second = given(&world, &key, MACHINE).await;
    assert_eq!(first["id"], second["id"], "what holds goes on");

    let activate = json!({"license_key": key, "label": "crane"});
    let activate = world.post_anonymously("/api/license/activate", activate);
    let activation = activate.await.ok()["id"].clone();
    let own = json!({
        "license_key": key, "fingerprint": "other", "activation_id": activation,
    });
    let own_lease = ask(&world, own.clone()).await.ok();
    let end = json!({"license_key": key, "activation_id": activation});
    let ended = world.post_anonymously("/api/license/deactivate", end).await;
    ended.ok();
    ask(&world, own).await.refused(400, "license_invalid");
    let expected = [own_lease["id"].as_str().unwrap()];
    world
        .until("its lease alone is revoked", async || {
            revoked(&world).await == expected
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_polar_is_away_who_had_a_lease_renews_it_for_a_bounded_time() {
    let world = World::with(&[
        ("POLARKIT_LEASE_KEYS", &signing_key()),
        ("POLARKIT_LEASE_HOURS", "24"),
        ("POLARKIT_LEASE_GRACE_HOURS", "100"),
    ])
    .await;
    let key = key(&world).await;
    let first = given(&world, &key, MACHINE).await;
    let validated = world.clock.now();
    // Nothing listens there, and nothing is remembered.
    let away = "http://127.0.0.1:1";
    let world = world.restart_with(&[("POLAR_SERVER", away)]).await;
    world.clock.advance(hours(90));
    let renewed = given(&world, &key, MACHINE).await;
    assert_eq!(renewed["id"], first["id"]);
    let lease = verified(&world, &renewed["lease"], MACHINE).await.unwrap();
    assert_eq!(
        lease.expires_at,
        validated + hours(100),
        "no longer than the grace"
    );
    let stranger = json!({"license_key": key, "fingerprint": "never seen"});
    let stranger = ask(&world, stranger).await;
    stranger.refused(503, "upstream_unavailable");
    assert!(stranger.headers.contains_key("retry-after"));
    world.clock.advance(hours(10));
    let over = json!({"license_key": key, "fingerprint": MACHINE});
    ask(&world, over).await.refused(503, "upstream_unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_key_verifies_until_it_is_dropped() {
    let (old, new) = (signing_key(), signing_key());
    let world = World::with(&[("POLARKIT_LEASE_KEYS", &old)]).await;
    let key = key(&world).await;
    let first = given(&world, &key, MACHINE).await;
    let both = format!("{new}, {old}");
    let world = world.restart_with(&[("POLARKIT_LEASE_KEYS", &both)]).await;
    let second = given(&world, &key, MACHINE).await;
    for lease in [&first, &second] {
        verified(&world, &lease["lease"], MACHINE).await.unwrap();
    }
    let world = world.restart_with(&[("POLARKIT_LEASE_KEYS", &new)]).await;
    verified(&world, &second["lease"], MACHINE).await.unwrap();
    let dropped = verified(&world, &first["lease"], MACHINE).await;
    assert!(matches!(dropped, Err(LicenseError::UnknownKey { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_machines_hold_leases_than_the_licence_allows() {
    let world = leasing().await;
    let key = key(&world).await;
    // Many at once: the bound holds for all of them together.
    let machines = (0..8).map(|number| format!("machine {number}"));
    let asks = machines.map(|machine| {
        let asked = json!({"license_key": key, "fingerprint": machine});
        ask(&world, asked)
    });
    let answers = futures_util::future::join_all(asks).await;
    let (good, full): (Vec<_>, Vec<_>) = answers.iter().partition(|one| one.status == 200);
    assert_eq!((good.len(), full.len()), (3, 5));
    for refused in full {
        let detail = refused.refused(409, "lease_limit");
        assert!(detail.contains("3 of 3 leases"), "{detail}");
    }
    world.clock.advance(hours(72));
    given(&world, &key, "machine 8").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_leased_to_one_machine() {
    let world = leasing().await;
    let key = key(&world).await;
    let activate = json!({"license_key": key, "label": "crane"});
    let activate = world.post_anonymously("/api/license/activate", activate);
    let activation = activate.await.ok()["id"].clone();
    let asked = |machine: &str| json!({"license_key": key, "fingerprint": machine, "activation_id": activation});
    let lease = ask(&world, asked(MACHINE)).await.ok();
    let lease = verified(&world, &lease["lease"], MACHINE).await.unwrap();
    assert_eq!(lease.activation.as_deref(), activation.as_str());
    let detail = ask(&world, asked("another")).await;
    let detail = detail.refused(409, "lease_limit").to_owned();
    assert!(detail.contains("deactivate it"), "{detail}");
    ask(&world, asked(MACHINE)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_is_known_after_a_move_to_postgres() {
    let world = leasing().await;
    let key = key(&world).await;
    let first = given(&world, &key, MACHINE).await;
    let world = world.moved(&postgres().await).await;
    let renewed = given(&world, &key, MACHINE).await;
    assert_eq!(renewed["id"], first["id"]);
    end_subscription(&world).await;
    assert_eq!(revoked(&world).await, [first["id"].as_str().unwrap()]);
    ask(&world, json!({"license_key": key, "fingerprint": MACHINE}))
        .await
        .refused(400, "license_invalid");
    world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_may_be_kept_out() {
    let world = World::with(&[
        ("POLARKIT_LEASE_KEYS", &signing_key()),
        ("POLARKIT_OPEN_LICENSES", "false"),
    ])
    .await;
    let asked = json!({"license_key": "K", "fingerprint": "m"});
    ask(&world, asked).await.refused(401, "unauthenticated");
    let list = anyone(&world, "/api/license/revocations").await;
    list.refused(401, "unauthenticated");
    anyone(&world, "/api/license/keys").await.ok();
    world.get("/api/license/revocations").await.ok();
}

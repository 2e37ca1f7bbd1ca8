//! Floating seats: a pool from the online gateway, handed out by a server that reaches no Polar.

use std::sync::Arc;

use jiff::SignedDuration;
use polarkit::license::{LicenseError, Mark, Seat, SigningKey, Verifier};
use polarkit_gateway::floating::{NoSeats, Options, Server};
use polarkit_model::{Clock as _, Secret};
use polarkit_store::Store;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::lease::{MACHINE, signing_key};
use crate::license::key;
use crate::world::{Still, World, spawn};

/// A seat server, and what it was begun with.
struct Floor {
    url: String,
    client: reqwest::Client,
    stop: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

/// What the owner of a seat server carries into its network.
struct Case {
    pool: String,
    jwks: String,
    key: String,
    folder: tempfile::TempDir,
}

impl Case {
    /// A pool of so many seats, fetched online.
    async fn packed(world: &World, license_key: &str, seats: u32) -> Self {
        let key = signing_key();
        let server = SigningKey::parse(&Secret::from(key.as_str())).unwrap();
        let asked = json!({
            "license_key": license_key, "server": server.public_text(), "seats": seats,
        });
        let given = world
            .post_anonymously("/api/license/pool", asked)
            .await
            .ok();
        assert_eq!(given["seats"], seats);
        Self {
            pool: given["pool"].as_str().unwrap().to_owned(),
            jwks: world.get("/api/license/keys").await.ok().to_string(),
            key,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    async fn open(&self, clock: &Arc<Still>) -> Result<Server, NoSeats> {
        let database = self.folder.path().join("seats.db");
        let database = format!("sqlite:{}", database.display());
        let store = Store::open_to_serve(&database, 0);
        let options = Options {
            store: store.await.unwrap(),
            pool: self.pool.clone(),
            jwks: self.jwks.clone(),
            key: SigningKey::parse(&Secret::from(self.key.as_str())).unwrap(),
            silence: SignedDuration::from_mins(10),
            clock: Arc::<Still>::clone(clock),
        };
        Server::open(options).await
    }

    fn verify(&self, held: &Value, machine: &str, world: &World) -> Result<(), LicenseError> {
        let verifier = Verifier::new(&self.jwks).unwrap();
        let tokens = (text(held, "pool"), text(held, "seat"));
        let now = world.clock.now();
        let held = verifier.verify_seat(tokens, machine, now, &mut Mark::default())?;
        assert_eq!(held.seat.pool, held.pool.id);
        Ok(())
    }
}

impl Floor {
    async fn begin(case: &Case, world: &World) -> Self {
        let server = case.open(&world.clock).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/seats", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let told = stop.clone();
        let served = spawn(async move {
            server.serve(listener, told).await;
            Ok(())
        });
        Self {
            url,
            client: world.client(),
            stop,
            served,
        }
    }

    async fn take(&self, machine: &str) -> Answer {
        let ask = json!({"fingerprint": machine});
        Answer::of(self.client.post(&self.url).json(&ask).send().await.unwrap()).await
    }

    async fn call(&self, method: Method, id: &Value) -> Answer {
        let url = format!("{}/{}", self.url, id.as_str().unwrap());
        Answer::of(self.client.request(method, url).send().await.unwrap()).await
    }

    async fn taken(&self) -> Value {
        let answer = Answer::of(self.client.get(&self.url).send().await.unwrap()).await;
        answer.ok()["taken"].clone()
    }

    async fn end(self) {
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
    }
}

fn text<'a>(held: &'a Value, field: &str) -> &'a str {
    held[field].as_str().unwrap()
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

async fn leasing() -> (World, String) {
    let world = World::with(&[("POLARKIT_LEASE_KEYS", &signing_key())]).await;
    let key = key(&world).await;
    (world, key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_is_taken_renewed_lost_by_silence_and_given_back() {
    let (world, key) = leasing().await;
    let case = Case::packed(&world, &key, 2).await;
    let floor = Floor::begin(&case, &world).await;
    let first = floor.take(MACHINE).await.ok();
    case.verify(&first, MACHINE, &world).unwrap();
    let elsewhere = case.verify(&first, "another", &world);
    assert_eq!(elsewhere, Err(LicenseError::OtherMachine));
    let again = floor.take(MACHINE).await.ok();
    assert_eq!(again["id"], first["id"], "one machine, one seat");
    let second = floor.take("second").await.ok();
    let full = floor.take("third").await;
    assert_eq!(full.refused(409, "lease_limit"), "All 2 seats are taken");
    assert_eq!(full.headers["retry-after"], "601");
    world.clock.advance(minutes(6));
    floor.call(Method::POST, &second["id"]).await.ok();
    world.clock.advance(minutes(4));
    assert_eq!(floor.taken().await, 1, "the first was silent");
    let expired = case.verify(&first, MACHINE, &world);
    assert!(matches!(expired, Err(LicenseError::Expired { .. })));
    let lost = floor.call(Method::POST, &first["id"]).await;
    lost.refused(404, "not_found");
    floor.take("third").await.ok();
    floor.take("fourth").await.refused(409, "lease_limit");
    floor.call(Method::DELETE, &second["id"]).await.ok();
    let twice = floor.call(Method::DELETE, &second["id"]).await;
    twice.refused(404, "not_found");
    floor.take("fourth").await.ok();
    floor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_no_holder_and_no_time() {
    let (world, key) = leasing().await;
    let case = Case::packed(&world, &key, 1).await;
    let floor = Floor::begin(&case, &world).await;
    let held = floor.take(MACHINE).await.ok();
    world.clock.advance(minutes(8));
    floor.call(Method::POST, &held["id"]).await.ok();
    floor.end().await;
    let floor = Floor::begin(&case, &world).await;
    floor.take("another").await.refused(409, "lease_limit");
    floor.call(Method::POST, &held["id"]).await.ok();
    floor.end().await;
    // A clock that is turned back meanwhile is noticed, and gives nobody more time.
    world.clock.advance(minutes(-8));
    let floor = Floor::begin(&case, &world).await;
    let refused = floor.take(MACHINE).await;
    let detail = refused.refused(400, "license_invalid");
    assert!(detail.contains("it was"), "{detail}");
    floor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_counts_as_so_many_machines_and_is_revoked_with_its_licence() {
    let (world, key) = leasing().await;
    let case = Case::packed(&world, &key, 2).await;
    let lease = async |machine: &str| {
        let asked = json!({"license_key": key, "fingerprint": machine});
        world.post_anonymously("/api/license/lease", asked).await
    };
    lease("one").await.ok();
    lease("two").await.refused(409, "lease_limit");
    let held = Floor::begin(&case, &world).await;
    let seat = held.take(MACHINE).await.ok();
    let mirrored = world.get("/api/customers/u_1").await.ok();
    let id = mirrored["subscriptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/subscriptions/{id}");
    let ended = world.polar.raw(&path).method(Method::DELETE).await;
    ended.unwrap();
    world.settle().await;
    let page = world.get("/api/license/revocations").await.ok();
    let verifier = Verifier::new(&case.jwks).unwrap();
    let list = verifier
        .read_revocations(text(&page, "revocations"))
        .unwrap();
    let verifier = verifier.revocations(list);
    let tokens = (text(&seat, "pool"), text(&seat, "seat"));
    let now = world.clock.now();
    let refused = verifier.verify_seat(tokens, MACHINE, now, &mut Mark::default());
    assert_eq!(refused, Err(LicenseError::Revoked));
    held.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_ends_and_its_seats_with_it() {
    let (world, key) = leasing().await;
    let case = Case::packed(&world, &key, 1).await;
    let floor = Floor::begin(&case, &world).await;
    world.clock.advance(minutes(72 * 60 - 5));
    let held = floor.take(MACHINE).await.ok();
    let end = world.clock.now() + minutes(5);
    assert_eq!(text(&held, "expires_at"), end.to_string());
    world.clock.advance(minutes(5));
    let over = floor.take(MACHINE).await;
    over.refused(400, "license_invalid");
    floor.end().await;
    let opened = case.open(&world.clock).await;
    assert!(matches!(
        opened,
        Err(NoSeats::Pool(LicenseError::Expired { .. }))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_server_of_the_pool_hands_out_its_seats() {
    let (world, key) = leasing().await;
    let case = Case::packed(&world, &key, 1).await;
    let stolen = Case {
        key: signing_key(),
        pool: case.pool.clone(),
        jwks: case.jwks.clone(),
        folder: tempfile::tempdir().unwrap(),
    };
    let opened = stolen.open(&world.clock).await;
    assert!(matches!(opened, Err(NoSeats::OtherServer(_))));
    // Nor does a client believe a seat that another key signed.
    let floor = Floor::begin(&case, &world).await;
    let mut held = floor.take(MACHINE).await.ok();
    let forger = SigningKey::parse(&Secret::from(stolen.key.as_str())).unwrap();
    let forged = forger.sign(&Seat {
        id: "seat_1".to_owned(),
        issued_at: world.clock.now(),
        expires_at: world.clock.now() + minutes(10),
        pool: "another".to_owned(),
        machine: String::new(),
    });
    held["seat"] = json!(forged);
    let refused = case.verify(&held, MACHINE, &world);
    assert!(matches!(refused, Err(LicenseError::UnknownKey { .. })));
    floor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_pool_is_told_by_field() {
    let (world, key) = leasing().await;
    let server = SigningKey::new().unwrap().public_text();
    for (server, seats, field) in [
        ("x", 1, "server: "),
        (server.as_str(), 0, "seats: 1 to 1000"),
        (server.as_str(), 1_001, "seats: 1 to 1000"),
    ] {
        let asked = json!({"license_key": key, "server": server, "seats": seats});
        let answer = world.post_anonymously("/api/license/pool", asked).await;
        let detail = answer.refused(400, "invalid_request");
        assert!(detail.contains(field), "{detail}");
    }
    let asked = json!({"license_key": key, "server": server, "seats": 4});
    let answer = world.post_anonymously("/api/license/pool", asked).await;
    answer.refused(409, "lease_limit");
}

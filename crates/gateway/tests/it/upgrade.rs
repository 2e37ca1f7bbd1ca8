//! A gateway that starts on a database of an earlier version.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::heal::read;
use crate::receiver::{HERE, Receiver, until_settled};
use crate::seat::{Team, claims, revoke};
use crate::world::World;

/// What a version did that knew nothing of seats: none of them decided anything.
async fn without_seats(database: &str) {
    let pool = sqlx::SqlitePool::connect(database).await.unwrap();
    for query in [
        "DELETE FROM entitlement WHERE kind = 'seat'",
        "UPDATE mirror SET essence = NULL WHERE kind = 'customer_seat'",
        "DELETE FROM _sqlx_migrations WHERE version = 9",
    ] {
        sqlx::query(query).execute(&pool).await.unwrap();
    }
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_were_there_before_the_upgrade_are_read_anew_and_no_news() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("old.db").display());
    let reconcile = ("POLARKIT_RECONCILE", "true");
    let world = World::with(&[HERE, reconcile, ("DATABASE_URL", &database)]).await;
    read(&world).await;
    let team = Team::bought(&world).await;
    let seat = team.invites(&world, "bob").await;
    claims(&world, "bob").await;
    world.clock.advance(SignedDuration::from_hours(3));
    let asked = world.post("/api/reconcile", json!({})).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    read(&world).await;
    let receiver = Receiver::start().await;
    let made = receiver
        .subscribe(&world, json!({"events": ["access.*"]}))
        .await;

    let quiet = [("POLARKIT_RECONCILE", "false")];
    let world = world
        .restarted(&quiet, async |_, _| without_seats(&database).await)
        .await;
    assert_eq!(
        team.check(&world, "").await,
        json!([false, "never_granted"])
    );
    let status = world.get("/api/reconcile").await.ok();
    assert_eq!(status["backfilled"], true, "{status}");

    let world = world.restart_with(&[reconcile]).await;
    // At once: no day goes by.
    world
        .until("the seats are read anew", async || {
            team.check(&world, "").await == json!([true, "claimed"])
        })
        .await;
    read(&world).await;
    let drift = world.get("/api/drift").await.ok();
    let mut drift = drift["items"].as_array().unwrap().iter();
    assert!(!drift.any(|found| found["kind"] == "customer_seat"));
    until_settled(&world, &made).await;
    assert_eq!(receiver.kinds(), Vec::<String>::new());

    // What happens from then on is told.
    revoke(&world, &seat).await;
    receiver.until_heard(&world, 1).await;
    let heard: Value = receiver.heard().remove(0).json();
    assert_eq!(heard["type"], "access.revoked");
    assert_eq!(heard["data"]["source"], format!("seat:{seat}"));
}

//! A clock that stepped back an hour.

use polarkit_store::{Claim, Store, UsageEvent};

use crate::fixture::on_every_store;

on_every_store!(nothing_waits_for_a_step_back);

const HOUR: i64 = 3_600_000_000;
const SECOND: i64 = 1_000_000;

async fn nothing_waits_for_a_step_back(store: Store) {
    let event = UsageEvent {
        id: "a".to_owned(),
        customer: "u_1".to_owned(),
        accepted_at: HOUR,
        body: "{}".to_owned(),
    };
    store.record_usage(vec![event]).await.unwrap();
    let lease = HOUR + 120 * SECOND;
    assert_eq!(store.usage_claim(HOUR, lease, 9).await.unwrap().len(), 1);
    assert!(store.lease("read", "dead", HOUR, lease).await.unwrap());
    let key = ("shop", "key");
    let claimed = async |now: i64| {
        let abandoned = now - 60 * SECOND;
        store
            .idempotency_claim(key, "f", now, abandoned)
            .await
            .unwrap()
    };
    assert_eq!(claimed(HOUR).await, Claim::Yours);
    store.clock_went_back(0, HOUR).await.unwrap();
    assert_eq!(
        store.usage_claim(0, 120 * SECOND, 9).await.unwrap().len(),
        1
    );
    assert!(store.lease("read", "alive", 1, 120 * SECOND).await.unwrap());
    assert_eq!(claimed(0).await, Claim::Running);
    assert_eq!(claimed(61 * SECOND).await, Claim::Yours);
}

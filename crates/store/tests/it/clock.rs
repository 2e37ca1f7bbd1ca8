//! A clock that stepped back an hour.

use polarkit_store::{Claim, Hold, Repeatable, Store, UsageEvent};

use crate::fixture::on_every_store;

on_every_store!(nothing_waits_for_a_step_back);

const HOUR: i64 = 3_600_000_000;
const SECOND: i64 = 1_000_000;

async fn nothing_waits_for_a_step_back(store: Store) {
    let event = UsageEvent {
        id: "a".to_owned(),
        customer: "u_1".to_owned(),
        accepted_at: HOUR,
        due_at: HOUR,
        used_at: HOUR,
        rollup: None,
        body: "{}".to_owned(),
    };
    store.record_usage(vec![event]).await.unwrap();
    let lease = HOUR + 120 * SECOND;
    assert!(store.lease("read", "dead", HOUR, lease).await.unwrap());
    let claimed = async |now: i64| {
        let request = Repeatable {
            caller: "shop".to_owned(),
            key: "key".to_owned(),
            fingerprint: "f".to_owned(),
        };
        let hold = Hold {
            holder: format!("at {now}"),
            now,
            until: now + 5 * SECOND,
            oldest: -HOUR,
        };
        store.idempotency_claim(&request, &hold).await.unwrap()
    };
    assert_eq!(claimed(HOUR).await, Claim::Yours);
    store.clock_went_back(0, HOUR).await.unwrap();
    assert_eq!(store.usage_due(0, 9, 99).await.unwrap().len(), 1);
    assert!(store.lease("read", "alive", 1, 120 * SECOND).await.unwrap());
    assert_eq!(claimed(0).await, Claim::Running);
    assert_eq!(claimed(11 * SECOND).await, Claim::Yours);
}

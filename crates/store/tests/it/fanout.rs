//! What is told to others: once per cause, in order per customer, leased, settled, replayed.

use polarkit_store::{
    Attempt, Error, Lease, Leased, Mail, Notice, Settled, Shown, Standing, Store, Subscriber,
};

use crate::fixture::on_every_store;

on_every_store!(
    one_cause_is_told_once,
    the_next_of_a_customer_waits_for_the_one_before,
    thousands_that_wait_behind_others_hold_nobody_up,
    what_concerns_no_customer_waits_for_nothing,
    a_lease_that_ended_is_anothers_and_the_late_word_counts_for_nothing,
    two_nodes_never_lease_the_same,
    positions_become_visible_in_their_order,
    what_was_settled_goes_to_the_end_of_the_line_again,
    bytes_of_webhooks_are_kept_once_and_as_long_as_needed,
    a_paid_order_is_never_told_again,
    a_subscriber_comes_back_as_it_was_put,
    who_has_something_due_is_known,
    lists_and_figures_tell_what_became_of_it,
    what_waited_too_long_is_given_up,
    a_subscriber_that_is_gone_leaves_nothing,
);

fn notice(id: &str, customer: &str) -> Notice {
    Notice {
        id: id.to_owned(),
        customer: customer.to_owned(),
        kind: "order.created".to_owned(),
        products: "[]".to_owned(),
        body: Some(id.as_bytes().to_vec()),
        to: vec!["sub".to_owned()],
    }
}

fn subscriber(id: &str) -> Subscriber {
    Subscriber {
        id: id.to_owned(),
        kind: "webhook".to_owned(),
        description: "the shop".to_owned(),
        url: "https://shop.example/hook".to_owned(),
        events: r#"["*"]"#.to_owned(),
        customers: "[]".to_owned(),
        products: "[]".to_owned(),
        secrets: "the secret".to_owned(),
        enabled: true,
        disabled_reason: None,
        standing: Standing::default(),
        created_at: 1,
        changed_at: 1,
    }
}

async fn put(store: &Store, one: &Subscriber) {
    let mut tx = store.begin().await.unwrap();
    tx.put_subscriber(one).await.unwrap();
    tx.commit().await.unwrap();
}

async fn tell(store: &Store, notices: &[Notice], now: i64) {
    let mut tx = store.begin().await.unwrap();
    tx.tell(notices, now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn tell_ids(store: &Store, ids: &[(&str, &str)], now: i64) {
    let notices: Vec<Notice> = ids.iter().map(|(id, who)| notice(id, who)).collect();
    tell(store, &notices, now).await;
}

/// Leases until 100 after `now`.
async fn lease(store: &Store, lease: &str, now: i64) -> Vec<Leased> {
    let mut tx = store.begin().await.unwrap();
    let wanted = Lease {
        subscriber: "sub",
        lease,
        now,
        until: now + 100,
        limit: 10,
        early: false,
    };
    let leased = tx.claim(&wanted).await.unwrap();
    tx.commit().await.unwrap();
    leased
}

fn ids(leased: &[Leased]) -> Vec<&str> {
    leased.iter().map(|one| one.event.as_str()).collect()
}

async fn settle(store: &Store, event: &str, lease: &str, settled: Settled) -> bool {
    let mut tx = store.begin().await.unwrap();
    let mine = tx.settle(("sub", event, lease), &settled, 50).await;
    tx.commit().await.unwrap();
    mine.unwrap()
}

fn again(due_at: i64) -> Settled {
    let error = "away".to_owned();
    Settled::Again { due_at, error }
}

async fn one_cause_is_told_once(store: Store) {
    tell_ids(&store, &[("a", "anna"), ("a", "anna"), ("b", "anna")], 1).await;
    tell_ids(&store, &[("a", "anna"), ("c", "anna")], 2).await;
    let told = store.told_after(0, None, 10).await.unwrap();
    let told: Vec<&str> = told.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(told, ["a", "b", "c"]);
    let shown = Shown {
        limit: 10,
        ..Shown::default()
    };
    assert_eq!(store.deliveries(&shown).await.unwrap().len(), 3);
}

async fn the_next_of_a_customer_waits_for_the_one_before(store: Store) {
    let line = [
        ("a1", "anna"),
        ("a2", "anna"),
        ("b1", "ben"),
        ("a3", "anna"),
    ];
    tell_ids(&store, &line, 1).await;
    let leased = lease(&store, "x", 5).await;
    assert_eq!(ids(&leased), ["a1", "b1"]);
    assert_eq!((leased[0].tries, leased[0].tried_at), (1, 5));
    assert_eq!(leased[0].body.as_deref(), Some(&b"a1"[..]));
    assert!(lease(&store, "y", 6).await.is_empty(), "both are leased");
    assert!(settle(&store, "a1", "x", again(40)).await);
    assert!(lease(&store, "y", 39).await.is_empty(), "a2 waits for a1");
    let leased = lease(&store, "y", 40).await;
    assert_eq!(ids(&leased), ["a1"]);
    assert_eq!((leased[0].tries, leased[0].tried_at), (2, 5));
    assert!(settle(&store, "a1", "y", Settled::Done).await);
    assert_eq!(ids(&lease(&store, "z", 41).await), ["a2"]);
    let dead = Settled::Dead {
        error: "never".to_owned(),
    };
    assert!(settle(&store, "a2", "z", dead).await);
    assert_eq!(
        ids(&lease(&store, "z", 42).await),
        ["a3"],
        "dead is settled"
    );
}

/// Each row that waits, looked behind, walked through all before it: seconds a lease, of the writer's.
async fn thousands_that_wait_behind_others_hold_nobody_up(store: Store) {
    const CUSTOMERS: usize = 1_000;
    let names: Vec<(String, String)> = (0..CUSTOMERS * 10)
        .map(|number| (format!("e{number}"), format!("c{}", number % CUSTOMERS)))
        .collect();
    let line: Vec<(&str, &str)> = names
        .iter()
        .map(|(id, of)| (id.as_str(), of.as_str()))
        .collect();
    tell_ids(&store, &line, 1).await;
    let mut tx = store.begin().await.unwrap();
    let firsts = Lease {
        subscriber: "sub",
        lease: "x",
        now: 2,
        until: 1_000,
        limit: 10_000,
        early: false,
    };
    assert_eq!(tx.claim(&firsts).await.unwrap().len(), CUSTOMERS);
    tx.commit().await.unwrap();
    tell_ids(&store, &[("last", "another")], 3).await;
    let began = std::time::Instant::now();
    assert_eq!(ids(&lease(&store, "y", 4).await), ["last"]);
    for _ in 0..9 {
        assert!(lease(&store, "y", 4).await.is_empty());
    }
    assert!(began.elapsed().as_secs() < 8, "{:?}", began.elapsed());
}

async fn what_concerns_no_customer_waits_for_nothing(store: Store) {
    tell_ids(&store, &[("p1", ""), ("p2", "")], 1).await;
    assert_eq!(ids(&lease(&store, "x", 5).await), ["p1", "p2"]);
}

async fn a_lease_that_ended_is_anothers_and_the_late_word_counts_for_nothing(store: Store) {
    tell_ids(&store, &[("a1", "anna"), ("a2", "anna")], 1).await;
    assert_eq!(ids(&lease(&store, "x", 5).await), ["a1"]);
    assert!(lease(&store, "y", 104).await.is_empty());
    assert_eq!(ids(&lease(&store, "y", 105).await), ["a1"]);
    assert!(!settle(&store, "a1", "x", Settled::Done).await);
    assert!(lease(&store, "z", 106).await.is_empty(), "a1 is still out");
    store.deliveries_release(106).await.unwrap();
    assert!(!settle(&store, "a1", "y", Settled::Done).await);
    assert_eq!(ids(&lease(&store, "z", 106).await), ["a1"]);
}

async fn two_nodes_never_lease_the_same(store: Store) {
    let many: Vec<Notice> = (0..200)
        .map(|n| notice(&format!("e{n}"), &format!("c{}", n % 50)))
        .collect();
    tell(&store, &many, 1).await;
    let node = async |name: &str| {
        let mut seen = Vec::new();
        loop {
            let leased = lease(&store, name, 5).await;
            if leased.is_empty() {
                return seen;
            }
            for one in leased {
                assert!(settle(&store, &one.event, name, Settled::Done).await);
                seen.push((one.customer, one.position));
            }
        }
    };
    let (one, other) = tokio::join!(node("x"), node("y"));
    // A node may find all that is left in the other's hands and go home.
    let rest = node("z").await;
    let mut all: Vec<i64> = [one, other, rest]
        .into_iter()
        .flatten()
        .map(|(_, n)| n)
        .collect();
    all.sort_unstable();
    assert_eq!(all, (1..=200).collect::<Vec<i64>>());
}

/// Whoever reads on from the last position it saw misses nothing that commits later.
async fn positions_become_visible_in_their_order(store: Store) {
    let writers = (0..8).map(|writer| {
        let store = store.clone();
        async move {
            for n in 0..10 {
                let id = format!("{writer}-{n}");
                tell_ids(&store, &[(id.as_str(), "anna")], 1).await;
            }
        }
    });
    let reader = async {
        let (mut last, mut seen) = (0, 0);
        while seen < 80 {
            for told in store.told_after(last, Some("anna"), 7).await.unwrap() {
                last = told.position;
                seen += 1;
            }
        }
        last
    };
    let (last, _) = tokio::join!(reader, futures_util::future::join_all(writers));
    assert_eq!(store.told_line().await.unwrap().last, last);
}

async fn what_was_settled_goes_to_the_end_of_the_line_again(store: Store) {
    tell_ids(&store, &[("a1", "anna"), ("a2", "anna"), ("a3", "anna")], 1).await;
    lease(&store, "x", 5).await;
    settle(&store, "a1", "x", Settled::Done).await;
    lease(&store, "x", 6).await;
    let events = ["a1", "a2", "a3"].map(str::to_owned);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.requeue("sub", &events, 7).await.unwrap(), 1);
    assert_eq!(tx.requeue("other", &events, 7).await.unwrap(), 3);
    tx.commit().await.unwrap();
    settle(&store, "a2", "x", Settled::Done).await;
    assert_eq!(ids(&lease(&store, "y", 8).await), ["a3"]);
    settle(&store, "a3", "y", Settled::Done).await;
    let leased = lease(&store, "y", 9).await;
    assert_eq!(ids(&leased), ["a1"], "behind what was there before");
    assert_eq!((leased[0].tries, leased[0].queued_at), (1, 7));
}

async fn bytes_of_webhooks_are_kept_once_and_as_long_as_needed(store: Store) {
    let mail = Mail {
        body: b"polar's own".as_slice().into(),
        ..crate::inbox::mail("m", 1)
    };
    store.receive(mail).await.unwrap();
    crate::inbox::sort(&store, "anna").await;
    let mut tx = store.begin().await.unwrap();
    tx.inbox_done(&["m"], 2).await.unwrap();
    let own = Notice {
        body: None,
        ..notice("m", "anna")
    };
    tx.tell(&[own], 2).await.unwrap();
    tx.commit().await.unwrap();
    store.told_prune(1_000).await.unwrap();
    assert_eq!(
        store.inbox_prune(1_000).await.unwrap(),
        0,
        "still to be told"
    );
    let leased = lease(&store, "x", 5).await;
    assert_eq!(leased[0].body.as_deref(), Some(&b"polar's own"[..]));
    settle(&store, "m", "x", Settled::Done).await;
    store.deliveries_prune(1_000, 1_000).await.unwrap();
    assert_eq!(store.told_after(0, None, 9).await.unwrap().len(), 1);
    store.told_prune(1_000).await.unwrap();
    assert!(store.told_after(0, None, 9).await.unwrap().is_empty());
    assert_eq!(store.told_line().await.unwrap().forgotten, 1);
    assert_eq!(store.inbox_prune(1_000).await.unwrap(), 1);
}

async fn a_paid_order_is_never_told_again(store: Store) {
    let paid = Notice {
        kind: "order.paid".to_owned(),
        ..notice("order_paid:o1", "anna")
    };
    tell(&store, std::slice::from_ref(&paid), 1).await;
    lease(&store, "x", 5).await;
    settle(&store, "order_paid:o1", "x", Settled::Done).await;
    store.deliveries_prune(1_000, 1_000).await.unwrap();
    store.told_prune(1_000).await.unwrap();
    tell(&store, &[paid], 2_000).await;
    assert!(lease(&store, "x", 2_001).await.is_empty());
    assert!(store.told_after(0, None, 10).await.unwrap().is_empty());
}

async fn a_subscriber_comes_back_as_it_was_put(store: Store) {
    let mut one = subscriber("sub");
    put(&store, &one).await;
    one.enabled = false;
    one.disabled_reason = Some("gone".to_owned());
    one.standing.failures = 3;
    put(&store, &one).await;
    let mut tx = store.begin().await.unwrap();
    let read = tx.subscriber("sub").await.unwrap().unwrap();
    tx.commit().await.unwrap();
    assert_eq!(read.standing, one.standing);
    assert_eq!(
        (read.enabled, read.disabled_reason.as_deref()),
        (false, Some("gone"))
    );
    assert_eq!((&read.url, &read.secrets), (&one.url, &one.secrets));
    assert!(!format!("{read:?}").contains("the secret"));
    assert!(store.drop_subscriber("sub").await.unwrap());
    assert!(!store.drop_subscriber("sub").await.unwrap());
    assert!(store.subscriber("sub").await.unwrap().is_none());
}

async fn who_has_something_due_is_known(store: Store) {
    let mut one = subscriber("sub");
    put(&store, &one).await;
    let due = async |now| store.subscribers_due(now, 5).await.unwrap().len();
    assert_eq!(due(5).await, 0, "nothing waits");
    tell_ids(&store, &[("a1", "anna")], 1).await;
    assert_eq!(due(5).await, 1);
    lease(&store, "x", 5).await;
    assert_eq!(due(6).await, 0, "somebody is at it");
    settle(&store, "a1", "x", again(50)).await;
    assert_eq!((due(49).await, due(50).await), (0, 1));
    one.standing.failures = 5;
    put(&store, &one).await;
    assert_eq!(due(10).await, 1, "a probe need not wait");
    one.standing.rest_until = 20;
    put(&store, &one).await;
    assert_eq!((due(19).await, due(20).await), (0, 1));
    one.enabled = false;
    put(&store, &one).await;
    assert_eq!(due(20).await, 0);
}

async fn lists_and_figures_tell_what_became_of_it(store: Store) {
    put(&store, &subscriber("sub")).await;
    tell_ids(&store, &[("a1", "anna"), ("b1", "ben")], 3).await;
    lease(&store, "x", 5).await;
    let dead = Settled::Dead {
        error: "never".to_owned(),
    };
    settle(&store, "b1", "x", dead).await;
    let mut tx = store.begin().await.unwrap();
    for (event, began_at) in [("a1", 5), ("b1", 6), ("b1", 7)] {
        let attempt = Attempt {
            subscriber: "sub".to_owned(),
            event: event.to_owned(),
            began_at,
            status: Some(503),
            latency_us: 1_500,
            error: None,
            response: Some("busy".to_owned()),
        };
        tx.log_attempt(&attempt).await.unwrap();
    }
    tx.commit().await.unwrap();
    let backlog = store.delivery_backlog().await.unwrap();
    assert_eq!((backlog[0].pending, backlog[0].dead), (1, 1));
    assert_eq!(backlog[0].oldest, Some(3));
    let shown = Shown {
        subscriber: Some("sub"),
        status: Some("dead"),
        limit: 10,
        ..Shown::default()
    };
    let dead = store.deliveries(&shown).await.unwrap();
    assert_eq!((dead.len(), dead[0].event.as_str()), (1, "b1"));
    assert_eq!(dead[0].error.as_deref(), Some("never"));
    let attempts = store.attempts("sub", &["b1".to_owned()], 10).await.unwrap();
    let began: Vec<i64> = attempts.iter().map(|one| one.began_at).collect();
    assert_eq!(began, [7, 6]);
    let all = store.retellable("sub", (0, 10), 0, 10).await.unwrap();
    let all: Vec<_> = all.iter().map(|one| one.status.as_deref()).collect();
    assert_eq!(all, [Some("pending"), Some("dead")]);
    let others = store.retellable("other", (3, 4), 1, 10).await.unwrap();
    assert_eq!((others.len(), others[0].status.as_deref()), (1, None));
    store.deliveries_prune(0, 7).await.unwrap();
    let events = ["a1", "b1"].map(str::to_owned);
    let kept = store.attempts("sub", &events, 10).await.unwrap();
    assert_eq!((kept.len(), kept[0].began_at), (1, 7));
}

async fn what_waited_too_long_is_given_up(store: Store) {
    tell_ids(&store, &[("a1", "anna"), ("a2", "anna")], 1).await;
    tell_ids(&store, &[("b1", "ben")], 30).await;
    assert_eq!(ids(&lease(&store, "x", 5).await), ["a1", "b1"]);
    let expired = store.deliveries_expire(30, "too long", 40).await.unwrap();
    assert_eq!(expired, 1, "neither what is young nor what somebody is at");
    let expired = store.deliveries_expire(30, "too long", 200).await.unwrap();
    assert_eq!(expired, 1, "the lease ended");
}

async fn a_subscriber_that_is_gone_leaves_nothing(store: Store) {
    tell_ids(&store, &[("a1", "anna")], 1).await;
    store.deliveries_prune(0, 0).await.unwrap();
    assert!(lease(&store, "x", 5).await.is_empty());
    let kept: Result<_, Error> = store.delivery_backlog().await;
    assert!(kept.unwrap().is_empty());
}

//! Any order, duplication and repetition of what Polar tells of a life ends in the same mirror, the
//! same entitlements and the same access told; and that is what Polar states itself.
//!
//! The lives are random, lived in the sandbox, and recorded as its webhooks come. What is permuted
//! here is then pure: no store, no clock.

mod life;
mod living;

use std::collections::{BTreeMap, BTreeSet};

use polarkit_store::{Entitlement, Essence, Known, Object};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use self::life::Recorded;
use super::contradiction;
use super::version::{Decision, decide};
use crate::entitlement::grace::Grace;
use crate::entitlement::provisional::REASON;
use crate::entitlement::{derive, expiry};
use crate::inbox::news::News;
use crate::subscriber::notice::{self, ACCESS_GRANTED, About};

/// Lives that are lived, and the ways each is told in.
const LIVES: u64 = 10;
const TELLINGS: u32 = 200;
/// Deliveries of one transaction; the worker takes as many as wait.
const BATCH_MAX: usize = 24;

/// Days a subscription that is past due keeps access, so that some run out and some do not.
const GRACE_DAYS: u32 = 4;

/// A customer, and what of theirs: its kind and its id.
type Thing = (String, String, String);

/// A mirror in memory: the rule of the store's, without the store.
#[derive(Debug, Default)]
struct Mirror {
    grace: Grace,
    /// What time it is, µs.
    now: i64,
    /// Every reason there ever was.
    reasons: BTreeSet<String>,
    objects: BTreeMap<(String, String, String), Kept>,
    entitlements: BTreeMap<String, Vec<Entitlement>>,
    /// What the application believes, having heard each id once.
    told: BTreeMap<Thing, bool>,
    heard: BTreeSet<String>,
    paid: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Kept {
    version: (i64, i64),
    essence: Option<String>,
    body: String,
}

impl Mirror {
    fn with(grace: Grace) -> Self {
        Self {
            grace,
            ..Self::default()
        }
    }

    /// All of it, one by one, each when it was sent.
    fn of(told: &[News], grace: Grace) -> Self {
        let mut mirror = Self::with(grace);
        for news in told {
            mirror.at(sent(news).max(mirror.now));
            mirror.hear(&[news]);
        }
        mirror
    }

    /// Lets time pass, or step back: whose time is over is brought to its end.
    fn at(&mut self, now: i64) {
        self.now = now;
        let over = |row: &Entitlement| row.granted && row.expires_at.is_some_and(|end| end <= now);
        let ended = self.entitlements.iter();
        let ended = ended.filter(|(_, rows)| rows.iter().any(over));
        let customers: Vec<String> = ended.map(|(customer, _)| customer.clone()).collect();
        for customer in &customers {
            self.entitle(customer);
        }
    }

    fn hear(&mut self, batch: &[&News]) {
        for news in batch {
            news.objects.iter().for_each(|object| self.take(object));
            let order = news.objects.first();
            let paid = order.filter(|one| notice::is_paid_order(one));
            self.paid.extend(paid.map(|order| order.id.clone()));
        }
        let told = batch.iter().flat_map(|news| &news.objects);
        let customers: BTreeSet<&str> = told.map(|object| object.customer.as_str()).collect();
        for customer in customers.into_iter().filter(|id| !id.is_empty()) {
            self.entitle(customer);
        }
    }

    fn take(&mut self, object: &Object) {
        let key = (
            object.customer.clone(),
            object.kind.clone(),
            object.id.clone(),
        );
        let told = Kept {
            version: (object.version.object_at, object.version.envelope_at),
            essence: object.essence.clone(),
            body: object.body.clone(),
        };
        let later = |known: &Kept| (told.version, &told.body) > (known.version, &known.body);
        if self.objects.get(&key).is_none_or(later) {
            self.objects.insert(key, told);
        }
    }

    fn essences(&self, customer: &str) -> Vec<Essence> {
        let own = self.objects.iter().filter(|((of, ..), _)| of == customer);
        let essences = own.filter_map(|((_, kind, id), kept)| {
            Some(Essence {
                kind: kind.clone(),
                id: id.clone(),
                version: polarkit_store::Version {
                    object_at: kept.version.0,
                    envelope_at: kept.version.1,
                },
                seen_at: 0,
                essence: kept.essence.clone()?,
            })
        });
        essences.collect()
    }

    fn entitle(&mut self, customer: &str) {
        let mut after = derive::derive(&self.essences(customer), self.grace).unwrap();
        let before = self.entitlements.remove(customer).unwrap_or_default();
        expiry::settle(&mut after, &before, self.now);
        let reasons = after.iter().map(|row| row.reason.clone());
        self.reasons.extend(reasons);
        self.entitlements.insert(customer.to_owned(), after.clone());
        let about = About {
            customer,
            external_id: None,
            led: &[],
            change: i64::try_from(self.heard.len()).unwrap(),
        };
        for notice in notice::of_access(about, &before, &after) {
            let told: serde_json::Value =
                serde_json::from_slice(notice.body.as_deref().unwrap()).unwrap();
            let [kind, target] = ["kind", "target"].map(|field| living::text(&told["data"], field));
            if self.heard.insert(notice.id) {
                let granted = notice.kind == ACCESS_GRANTED;
                self.told
                    .insert((customer.to_owned(), kind, target), granted);
            }
        }
    }

    /// What the application believes it may let each customer use.
    fn believed(&self) -> BTreeSet<Thing> {
        let granted = self.told.iter().filter(|(_, granted)| **granted);
        granted.map(|(thing, _)| thing.clone()).collect()
    }

    /// What is granted.
    fn granted(&self) -> BTreeSet<Thing> {
        let rows = self.entitlements.iter();
        let rows = rows.flat_map(|(customer, rows)| rows.iter().map(move |row| (customer, row)));
        let granted = rows.filter(|(_, row)| row.granted);
        granted
            .map(|(customer, row)| (customer.clone(), row.kind.clone(), row.target.clone()))
            .collect()
    }

    /// Whether every seat is one row, under its customer.
    fn seats_are_once(&self) -> bool {
        let seats = self.objects.keys();
        let seats: Vec<_> = seats.filter(|key| key.1 == "customer_seat").collect();
        let ids: BTreeSet<&str> = seats.iter().map(|key| key.2.as_str()).collect();
        ids.len() == seats.len() && seats.iter().all(|key| !key.0.is_empty())
    }

    /// The sources that grant, which Polar lists in its own state of each customer, and the seats.
    fn sources(&self) -> BTreeSet<String> {
        let rows = self.entitlements.values().flatten();
        let granted = rows.filter(|row| row.granted && !row.source.starts_with("order:"));
        granted.map(|row| row.source.clone()).collect()
    }
}

#[test]
fn recorded_lives_end_the_same_in_whatever_way_they_are_told() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let lives: Vec<Recorded> = (0..LIVES)
        .map(|seed| runtime.block_on(life::lived(seed)))
        .collect();
    let kinds: BTreeSet<&str> = lives.iter().flat_map(Recorded::kinds).collect();
    for kind in [
        "subscription.canceled",
        "subscription.past_due",
        "subscription.paused",
        "subscription.revoked",
        "order.refunded",
        "customer_seat.assigned",
        "customer_seat.claimed",
        "customer_seat.revoked",
        "benefit_grant.revoked",
        "customer.state_changed",
    ] {
        assert!(kinds.contains(kind), "no life has seen {kind}: {kinds:?}");
    }
    for life in &lives {
        let told: Vec<News> = life.paid().chain(life.told()).collect();
        let straight = Mirror::of(&told, Grace::default());
        assert!(straight.reasons.contains(REASON), "life {}", life.seed);
        assert_eq!(straight.sources(), life.stated, "life {}", life.seed);
        assert!(straight.seats_are_once(), "life {}", life.seed);
        assert_eq!(
            straight.believed(),
            straight.granted(),
            "life {}",
            life.seed
        );
        for customer in straight.entitlements.keys() {
            assert_eq!(contradiction::of(&straight.essences(customer)), None);
        }
        permuted(life.seed, &told, &straight);
    }
}

#[test]
fn who_pays_late_keeps_access_for_the_same_time_in_whatever_way_it_is_told() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut reasons = BTreeSet::new();
    for seed in 0..LIVES / 2 {
        let told: Vec<News> = runtime.block_on(life::lived(seed)).told().collect();
        let straight = Mirror::of(&told, Grace::days(GRACE_DAYS));
        assert_eq!(straight.believed(), straight.granted(), "life {seed}");
        permuted(seed, &told, &straight);
        reasons.extend(straight.reasons);
    }
    for reason in ["grace", "past_due"] {
        assert!(reasons.contains(reason), "no life has seen {reason}");
    }
}

/// When the latest of its statements was sent, µs.
fn sent(news: &News) -> i64 {
    let sent = news.objects.iter().map(|object| object.version.envelope_at);
    sent.max().unwrap_or_default()
}

/// Told in any order, at any time, by a clock that may step back.
fn permuted(seed: u64, told: &[News], straight: &Mirror) {
    let count = told.len();
    let begin = told.iter().map(sent).filter(|at| *at > 0).min().unwrap();
    let end = straight.now;
    let again = proptest::collection::vec(0..count, 0..=count / 2);
    let order = again.prop_flat_map(move |again| {
        let all: Vec<usize> = (0..count).chain(again).collect();
        Just(all).prop_shuffle()
    });
    let mut runner = TestRunner::new(Config {
        cases: TELLINGS,
        failure_persistence: None,
        ..Config::default()
    });
    let times = proptest::collection::vec(begin..=end, 1..=8);
    let outcome = runner.run(&(order, 1..=BATCH_MAX, times), |(order, size, times)| {
        let mut mirror = Mirror::with(straight.grace);
        for (batch, now) in order.chunks(size).zip(times.iter().cycle()) {
            mirror.at(*now);
            let batch: Vec<&News> = batch.iter().map(|index| &told[*index]).collect();
            mirror.hear(&batch);
        }
        mirror.at(end);
        prop_assert_eq!(mirror.believed(), mirror.granted(), "life {}", seed);
        prop_assert!(mirror.objects == straight.objects, "life {seed}");
        prop_assert!(mirror.entitlements == straight.entitlements, "life {seed}");
        prop_assert!(mirror.paid == straight.paid, "life {seed}");
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn no_recorded_life_contradicts_itself_when_told_in_order() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let life = runtime.block_on(life::lived(77));
    let mut mirror = Mirror::default();
    for news in life.told() {
        for object in &news.objects {
            let key = (
                object.customer.clone(),
                object.kind.clone(),
                object.id.clone(),
            );
            let known = mirror.objects.get(&key).map(|kept| Known {
                version: polarkit_store::Version {
                    object_at: kept.version.0,
                    envelope_at: kept.version.1,
                },
                essence: kept.essence.clone(),
                gone_at: None,
            });
            let decision = decide(known.as_ref(), object);
            assert_ne!(decision, Decision::Contradiction, "{key:?}");
        }
        mirror.hear(&[&news]);
    }
}

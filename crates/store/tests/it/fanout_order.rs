//! Whatever fails, dies or is told again: each customer's events are told in order, and none is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use polarkit_store::{Lease, Leased, Notice, Settled, Store};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Handle;

use crate::fixture::on_every_store;

on_every_store!(whatever_fails_the_order_holds_and_nothing_is_lost);

/// How long a lease lasts; a worker's try always ends sooner.
const LEASE: i64 = 10;

#[derive(Debug, Clone)]
enum Step {
    /// Something happens to this customer.
    Tell(u8),
    /// This worker takes what is due.
    Take(usize),
    /// A try of this worker ends.
    Land(usize, End),
    /// This worker dies, and forgets what it had.
    Die(usize),
    /// Time passes.
    Pass(i64),
    /// The only process starts again: leases of the dead end.
    Restart,
    /// Somebody has the oldest settled event told again.
    Replay,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Taken,
    /// It arrived; the worker died before it could say so.
    TakenUnsaid,
    Refused,
    GivenUp,
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        3 => Just(End::Taken),
        1 => Just(End::TakenUnsaid),
        2 => Just(End::Refused),
        1 => Just(End::GivenUp),
    ];
    prop_oneof![
        4 => (0..3_u8).prop_map(Step::Tell),
        4 => (0..3_usize).prop_map(Step::Take),
        6 => (0..3_usize, end).prop_map(|(worker, end)| Step::Land(worker, end)),
        1 => (0..3_usize).prop_map(Step::Die),
        2 => (1..2 * LEASE).prop_map(Step::Pass),
        1 => Just(Step::Restart),
        1 => Just(Step::Replay),
    ]
}

/// One subscriber, its receiver and the workers of three nodes.
struct Town<'a> {
    store: &'a Store,
    subscriber: String,
    now: i64,
    /// Each customer's events as they stand in line.
    lines: BTreeMap<u8, Vec<String>>,
    /// What the receiver took, or was given up.
    settled: BTreeSet<String>,
    told: u32,
    /// What each worker has in hand: until when, by which lease.
    hands: [Vec<(i64, String, Leased)>; 3],
}

impl Town<'_> {
    async fn go(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Tell(customer) => self.tell(*customer).await,
            Step::Take(worker) => self.take(*worker).await,
            Step::Land(worker, end) => self.land(*worker, *end).await?,
            Step::Die(worker) => self.hands[*worker].clear(),
            Step::Pass(time) => self.now += time,
            Step::Restart => {
                self.hands = Default::default();
                self.store.deliveries_release(self.now).await.unwrap();
            }
            Step::Replay => self.replay().await,
        }
        Ok(())
    }

    async fn tell(&mut self, customer: u8) {
        let id = format!("{}-{}", self.subscriber, self.told);
        self.told += 1;
        let notice = Notice {
            id: id.clone(),
            customer: customer.to_string(),
            kind: "order.created".to_owned(),
            products: "[]".to_owned(),
            body: Some(Vec::new()),
            to: vec![self.subscriber.clone()],
        };
        let mut tx = self.store.begin().await.unwrap();
        tx.tell(&[notice], self.now).await.unwrap();
        tx.commit().await.unwrap();
        self.lines.entry(customer).or_default().push(id);
    }

    async fn take(&mut self, worker: usize) {
        let lease = uuid::Uuid::new_v4().to_string();
        let wanted = Lease {
            subscriber: &self.subscriber,
            lease: &lease,
            now: self.now,
            until: self.now + LEASE,
            limit: 2,
            early: false,
        };
        let mut tx = self.store.begin().await.unwrap();
        let leased = tx.claim(&wanted).await.unwrap();
        tx.commit().await.unwrap();
        let until = self.now + LEASE;
        let leased = leased.into_iter().map(|one| (until, lease.clone(), one));
        self.hands[worker].extend(leased);
    }

    async fn land(&mut self, worker: usize, end: End) -> Result<(), TestCaseError> {
        let Some((until, lease, leased)) = self.hands[worker].pop() else {
            return Ok(());
        };
        if until <= self.now {
            return Ok(()); // it gave up by itself before the lease ended
        }
        if matches!(end, End::Taken | End::TakenUnsaid) {
            self.arrives(&leased)?;
        }
        let error = "away".to_owned();
        let settled = match end {
            End::TakenUnsaid => return Ok(()),
            End::Taken => Settled::Done,
            End::Refused => Settled::Again {
                due_at: self.now + 3,
                error,
            },
            End::GivenUp => Settled::Dead { error },
        };
        let key = (
            self.subscriber.as_str(),
            leased.event.as_str(),
            lease.as_str(),
        );
        let mut tx = self.store.begin().await.unwrap();
        let mine = tx.settle(key, &settled, self.now).await.unwrap();
        tx.commit().await.unwrap();
        prop_assert!(mine, "a lease that lasts is nobody else's");
        if matches!(settled, Settled::Done | Settled::Dead { .. }) {
            self.settled.insert(leased.event);
        }
        Ok(())
    }

    /// At the receiver: everything before it in its customer's line is settled.
    fn arrives(&mut self, leased: &Leased) -> Result<(), TestCaseError> {
        let line = &self.lines[&leased.customer.parse::<u8>().unwrap()];
        let before = line.iter().take_while(|event| **event != leased.event);
        for event in before {
            let waits = !self.settled.contains(event);
            prop_assert!(!waits, "{} came before {event}", leased.event);
        }
        Ok(())
    }

    async fn replay(&mut self) {
        let oldest = self.settled.iter().next().cloned();
        let Some(event) = oldest else { return };
        let mut tx = self.store.begin().await.unwrap();
        let events = std::slice::from_ref(&event);
        let queued = tx.requeue(&self.subscriber, events, self.now).await;
        assert_eq!(queued.unwrap(), 1);
        tx.commit().await.unwrap();
        self.settled.remove(&event);
        for line in self.lines.values_mut() {
            if let Some(place) = line.iter().position(|one| *one == event) {
                line.remove(place);
                line.push(event.clone());
            }
        }
    }

    /// Everything works again: what is left is told.
    async fn end(&mut self) -> Result<(), TestCaseError> {
        self.hands = Default::default();
        for _ in 0..=self.told {
            self.now += 2 * LEASE;
            for _ in 0..3 {
                self.take(0).await;
            }
            while !self.hands[0].is_empty() {
                self.land(0, End::Taken).await?;
            }
        }
        let all: usize = self.lines.values().map(Vec::len).sum();
        prop_assert_eq!(self.settled.len(), all, "none is lost");
        Ok(())
    }
}

async fn whatever_fails_the_order_holds_and_nothing_is_lost(store: Store) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let story = proptest::collection::vec(step(), 1..60);
    let mut runner = TestRunner::new(Config {
        cases: 96,
        max_shrink_iters: 200,
        ..Config::default()
    });
    let handle = Handle::current();
    let outcome = tokio::task::block_in_place(|| {
        runner.run(&story, |steps| {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let mut town = Town {
                store: &store,
                subscriber: format!("s{number}"),
                now: 1,
                lines: BTreeMap::new(),
                settled: BTreeSet::new(),
                told: 0,
                hands: Default::default(),
            };
            handle.block_on(async {
                for step in &steps {
                    town.go(step).await?;
                }
                town.end().await
            })
        })
    });
    outcome.unwrap();
}

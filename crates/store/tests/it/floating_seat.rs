//! Floating seats: never more holders than seats, whoever comes at once and whatever expires.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use polarkit_store::{SeatTerm, Store};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use crate::fixture::on_every_store;

on_every_store!(
    never_more_hold_seats_than_there_are,
    a_seat_is_its_holders_until_silence_or_return,
);

fn term(seats: i64, now: i64) -> SeatTerm<'static> {
    SeatTerm {
        pool: "p",
        seats,
        now,
        until: now + 10,
    }
}

/// One thing that a machine does.
#[derive(Debug, Clone)]
enum Act {
    Take(u8),
    Renew(u8),
    Return(u8),
}

fn acts() -> impl proptest::strategy::Strategy<Value = Vec<Vec<Act>>> {
    use proptest::collection::vec;
    use proptest::prelude::*;
    let act = prop_oneof![
        3 => (0..12_u8).prop_map(Act::Take),
        1 => (0..12_u8).prop_map(Act::Renew),
        1 => (0..12_u8).prop_map(Act::Return),
    ];
    // Each round at one moment, all of it at once.
    vec(vec(act, 1..16), 1..8)
}

/// A property: rounds of machines that take, renew and return at once, some seconds apart.
async fn never_more_hold_seats_than_there_are(store: Store) {
    let mut runner = TestRunner::deterministic();
    for case in 0..12 {
        let rounds = acts().new_tree(&mut runner).unwrap().current();
        let pool = format!("pool {case}");
        for (at, round) in (0_i64..).map(|number| number * 4).zip(rounds) {
            let term = SeatTerm {
                pool: &pool,
                ..term(3, at)
            };
            let id = |machine: &u8| format!("{case} {machine} {at}");
            let held = store.floating_seats(&pool).await.unwrap();
            let of = |machine: &u8| {
                let own = held.iter().find(|seat| seat.machine == machine.to_string());
                own.map_or_else(String::new, |seat| seat.id.clone())
            };
            join_all(round.iter().map(async |act| match act {
                Act::Take(machine) => {
                    let (name, id) = (machine.to_string(), id(machine));
                    let taken = store.floating_seat_take(term, &name, &id);
                    drop(taken.await.unwrap());
                }
                Act::Renew(machine) => {
                    drop(store.floating_seat_renew(term, &of(machine)).await.unwrap());
                }
                Act::Return(machine) => {
                    let id = of(machine);
                    let given_back = store.floating_seat_return(&pool, &id, at);
                    given_back.await.unwrap();
                }
            }))
            .await;
            let seats = store.floating_seats(&pool).await.unwrap();
            let held: Vec<_> = seats.iter().filter(|seat| seat.expires_at > at).collect();
            assert!(held.len() <= 3, "{round:?}: {held:?}");
            let holders: BTreeSet<_> = held.iter().map(|seat| &seat.machine).collect();
            assert_eq!(holders.len(), held.len(), "one machine, one seat: {held:?}");
        }
    }
    // Many more than there are seats, at one moment.
    let machines: Vec<String> = (0..40).map(|machine| machine.to_string()).collect();
    let takes = machines
        .iter()
        .map(|machine| store.floating_seat_take(term(5, 0), machine, machine));
    let taken = join_all(takes).await;
    let taken = taken.into_iter().filter_map(Result::unwrap).count();
    assert_eq!(taken, 5);
}

async fn a_seat_is_its_holders_until_silence_or_return(store: Store) {
    let take = async |machine: &'static str, now| {
        let id = format!("{machine} {now}");
        let taken = store.floating_seat_take(term(1, now), machine, &id);
        taken.await.unwrap()
    };
    let renew =
        async |id: &'static str, now| store.floating_seat_renew(term(1, now), id).await.unwrap();
    let first = take("a", 0).await.unwrap();
    assert_eq!(take("b", 5).await, None);
    assert_eq!(
        take("a", 5).await.unwrap().id,
        first.id,
        "asking again renews"
    );
    assert_eq!(renew("a 0", 14).await.unwrap().expires_at, 24);
    assert_eq!(renew("b 0", 14).await, None);
    assert_eq!(take("b", 23).await, None);
    let second = take("b", 24).await.unwrap();
    assert_eq!(second.number, first.number);
    assert_eq!(renew("a 0", 24).await, None, "silence lost it");
    let back = async |id, now| store.floating_seat_return("p", id, now).await.unwrap();
    assert!(!back("a 0", 25).await);
    assert!(back("b 24", 25).await);
    assert!(!back("b 24", 25).await, "once");
    take("a", 25).await.unwrap();
    // A pool that shrank takes away what is beyond it.
    let other = store.floating_seat_take(term(2, 26), "b", "b 26").await;
    assert_eq!(other.unwrap().unwrap().number, 2);
    assert_eq!(renew("b 26", 27).await, None);
}

//! Whole lives: any sequence of commands, cards and days leaves every subscription and its customer's money in
//! good order.

mod books;
mod command;
mod play;

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use self::books::charged;
use self::command::{BAD, Command, FAIR, FORESEEN, GOOD, change, command};
use self::play::Life;
use super::SubscriptionStatus::{Active, Canceled, PastDue, Paused, Trialing};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_of_commands_and_days_leaves_the_documented_ways(
        commands in prop::collection::vec(command(), 1..25),
    ) {
        let mut life = Life::begin(Some("AT"));
        for command in commands {
            life.act(command)?;
        }
        // With a card that is refused, nothing stays past due for ever.
        let owing = life.row().status == PastDue;
        life.card(BAD);
        let end = life.world.now() + SignedDuration::from_hours(24 * 35);
        life.wait_until(end)?;
        prop_assert!(!owing || [Canceled, Paused].contains(&life.row().status));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However often plans and numbers change, as long as what is left is given back: nobody pays more than
    /// the dearest they ever had would have cost all the time, and one period of it in advance.
    #[test]
    fn changing_one_s_mind_never_costs_more_than_the_dearest_plan(
        steps in prop::collection::vec((change(FORESEEN, FAIR), 0..200i64), 1..40),
    ) {
        let mut life = Life::begin(None);
        let start = life.world.now();
        let (mut dearest_day, mut dearest_period) = (0, 0);
        for (command, hours) in steps {
            for command in [command, Command::Wait(hours)] {
                life.act(command)?;
                let row = life.row();
                let amount = row.amount(&life.world);
                let days = row.period_end.duration_since(row.period_start).as_hours() / 24;
                dearest_day = dearest_day.max(amount / days + 1);
                dearest_period = dearest_period.max(amount);
            }
            let days = life.world.now().duration_since(start).as_hours() / 24 + 1;
            let orders: Vec<_> = life.world.orders.of(life.subscription).collect();
            let paid: i64 = orders.iter().map(|order| charged(&life.world, order)).sum();
            let lines = orders.iter().map(|order| order.items.len()).sum::<usize>();
            let most = days * dearest_day + dearest_period + i64::try_from(lines).unwrap();
            prop_assert!(paid <= most, "{paid} paid, {most} at most after {days} days");
        }
    }
}

#[test]
fn a_life_with_everything_in_it() {
    let mut life = Life::begin(None);
    let patch = |body: Value| Command::Patch(body);
    let steps = [
        (Command::Move(1, 0), Active),
        (Command::Card(BAD), Active),
        (Command::Wait(24 * 29), PastDue),
        (Command::Card(GOOD), PastDue),
        (Command::Wait(24 * 3), Active),
        (patch(json!({"pause_at_period_end": true})), Active),
        (Command::Wait(24 * 31), Paused),
        (patch(json!({"resume": true})), Active),
        (Command::Trial(40), Trialing),
        (patch(json!({"cancel_at_period_end": true})), Trialing),
        (patch(json!({"cancel_at_period_end": false})), Trialing),
        (Command::Wait(24 * 40 + 1), Active),
        (patch(json!({"cancel_at_period_end": true})), Active),
        (Command::Wait(24 * 32), Canceled),
    ];
    for (command, status) in steps {
        let said = format!("{command:?}");
        life.act(command).unwrap();
        assert_eq!(life.row().status, status, "after {said}");
    }
}

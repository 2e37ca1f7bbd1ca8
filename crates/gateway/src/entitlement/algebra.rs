//! The algebra of grants, as a table: what each set of objects comes to. One revoked and another
//! alive keeps access, whatever it is access to.

use jiff::Timestamp;
use polarkit_store::{Essence, Version};

use super::derive::derive;
use super::expiry;
use super::grace::Grace;
use super::standing::{Common, Reason, Standing};
use super::verdict::{Verdict, by_feature, by_seat, by_target};

const DAY: i64 = 86_400_000_000;

/// An object, by kind, id, and the day it is of.
type Told = (&'static str, &'static str, i64, &'static str);

/// What is told, the days of grace, and the day of a question, with its answer.
type Case<'a> = (&'a [Told], u32, i64, &'a str, bool, &'a str);

const ACTIVE: &str = r#"{"product_id":"p","status":"active"}"#;
const ENDED: &str = r#"{"product_id":"p","status":"canceled"}"#;
const PAUSED: &str = r#"{"product_id":"p","status":"paused"}"#;
const LATE: &str = r#"{"product_id":"p","status":"past_due","past_due_at":"1970-01-03T00:00:00Z"}"#;
const PAID: &str = r#"{"product_id":"p","status":"paid","paid":true}"#;
const REFUNDED: &str = r#"{"product_id":"p","status":"refunded","paid":true}"#;
/// A benefit by a subscription, as two members who each hold a seat have it.
const SEATED: &str = r#"{"benefit_id":"b","is_granted":true,"subscription_id":"s","benefit":
    {"type":"feature_flag","description":"Team","metadata":{"exports":true,"beta":false}}}"#;
const UNSEATED: &str = r#"{"benefit_id":"b","is_granted":false,"is_revoked":true,
    "revoked_at":"1970-01-04T00:00:00Z","subscription_id":"s","benefit":
    {"type":"feature_flag","description":"Team","metadata":{"exports":true,"beta":false}}}"#;
/// Another benefit that switches on what the first leaves off.
const OTHER: &str = r#"{"benefit_id":"c","is_granted":true,"benefit":
    {"type":"feature_flag","description":"","metadata":{"beta":true}}}"#;
/// A seat of that subscription, and of that order, as its member has it.
const SEAT: &str = r#"{"status":"claimed","claimed_at":"1970-01-02T00:00:00Z","subscription_id":"s",
    "member":{"id":"m","external_id":"ann"}}"#;
const ORDERED: &str = r#"{"status":"claimed","order_id":"o","member":{"id":"n"}}"#;
const INVITED: &str = r#"{"status":"pending","subscription_id":"s","member":{"id":"m"}}"#;
const TAKEN_BACK: &str = r#"{"status":"revoked","claimed_at":"1970-01-02T00:00:00Z",
    "revoked_at":"1970-01-04T00:00:00Z","subscription_id":"s","member":{"id":"m"}}"#;
/// Taken back although nobody had taken it.
const UNTAKEN: &str = r#"{"status":"revoked","revoked_at":"1970-01-04T00:00:00Z",
    "subscription_id":"s","member":{"id":"m"}}"#;
/// Given to the next, and still saying when the last one had it.
const GIVEN_ON: &str = r#"{"status":"pending","claimed_at":"1970-01-02T00:00:00Z",
    "revoked_at":"1970-01-04T00:00:00Z","subscription_id":"s","member":{"id":"n"}}"#;
/// As organizations have them that are older than Polar's member model.
const NOBODYS: &str = r#"{"status":"claimed","claimed_at":"1970-01-02T00:00:00Z",
    "subscription_id":"s","member":null}"#;
const NOBODYS_TAKEN_BACK: &str = r#"{"status":"revoked","claimed_at":"1970-01-02T00:00:00Z",
    "revoked_at":"1970-01-04T00:00:00Z","subscription_id":"s","member":null}"#;
const NOTHING: &str = "{}";

fn standing(told: &[Told], grace: u32, day: i64) -> Standing {
    let essences: Vec<Essence> = told
        .iter()
        .map(|(kind, id, day, essence)| Essence {
            kind: (*kind).to_owned(),
            id: (*id).to_owned(),
            version: Version {
                object_at: day * DAY,
                envelope_at: day * DAY,
            },
            seen_at: 0,
            essence: (*essence).to_owned(),
        })
        .collect();
    let mut rows = derive(&essences, Grace::days(grace)).unwrap();
    expiry::settle(&mut rows, &[], day * DAY);
    let common = Common::default();
    let reasons = rows.into_iter().map(|row| Reason::new(row, &common));
    Standing {
        reasons: reasons.collect(),
        ..Standing::default()
    }
}

fn ask(standing: &Standing, question: &str, day: i64) -> Verdict {
    let now = Timestamp::from_microsecond(day * DAY).unwrap();
    match question.split_once('=').unwrap() {
        ("feature", name) => by_feature(standing, name, now),
        ("seat", asked) => {
            let (product, member) = asked.split_once('&').unwrap_or((asked, ""));
            let member = (!member.is_empty()).then_some(member);
            by_seat(standing, product, member, now)
        }
        (kind, target) => by_target(standing, kind, target, now),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn one_revoked_and_another_alive_keeps_access() {
    let sub = |id, essence| ("subscription", id, 2, essence);
    let order = |id, essence| ("order", id, 2, essence);
    let grant = |id, essence| ("benefit_grant", id, 2, essence);
    let state = |day| ("state", "c", day, NOTHING);
    let cases: [(&[Told], &str, bool, &str); 18] = [
        (&[], "product=p", false, "never_granted"),
        (&[sub("s", ACTIVE)], "product=p", true, "active"),
        (&[sub("s", ENDED)], "product=p", false, "canceled"),
        (
            &[sub("s", ENDED), sub("t", ACTIVE)],
            "product=p",
            true,
            "active",
        ),
        (
            &[sub("s", ACTIVE), sub("t", PAUSED)],
            "product=p",
            true,
            "active",
        ),
        (
            &[sub("s", ENDED), order("o", PAID)],
            "product=p",
            true,
            "paid",
        ),
        (
            &[sub("s", ACTIVE), order("o", REFUNDED)],
            "product=p",
            true,
            "active",
        ),
        (
            &[order("o", REFUNDED), order("q", PAID)],
            "product=p",
            true,
            "paid",
        ),
        (&[order("o", REFUNDED)], "product=p", false, "refunded"),
        // The state does not list orders, and speaks of nothing else here.
        (&[order("o", PAID), state(9)], "product=p", true, "paid"),
        (
            &[sub("s", ACTIVE), order("o", PAID), state(9)],
            "product=p",
            true,
            "paid",
        ),
        (&[sub("s", ACTIVE)], "product=q", false, "never_granted"),
        // Two seats of one benefit: the second member keeps it for the team.
        (
            &[grant("g", UNSEATED), grant("h", SEATED)],
            "benefit=b",
            true,
            "granted",
        ),
        (
            &[grant("g", UNSEATED), grant("h", UNSEATED)],
            "benefit=b",
            false,
            "revoked",
        ),
        (
            &[grant("g", UNSEATED), grant("h", SEATED)],
            "feature=exports",
            true,
            "granted",
        ),
        (
            &[grant("g", UNSEATED)],
            "feature=exports",
            false,
            "never_granted",
        ),
        (&[grant("g", SEATED)], "feature=beta", false, "switched_off"),
        (
            &[grant("g", SEATED), grant("h", OTHER)],
            "feature=beta",
            true,
            "granted",
        ),
    ];
    for (told, question, allowed, reason) in cases {
        for told in [told.to_vec(), told.iter().rev().copied().collect()] {
            let verdict = ask(&standing(&told, 0, 20), question, 20);
            let case = format!("{told:?} {question}");
            assert_eq!(
                (verdict.allowed, verdict.reason.as_str()),
                (allowed, reason),
                "{case}"
            );
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_seat_gives_as_long_as_what_it_was_bought_with() {
    let sub = |essence| ("subscription", "s", 2, essence);
    let order = |essence| ("order", "o", 2, essence);
    let seat = |id, essence| ("customer_seat", id, 3, essence);
    let team = [sub(ACTIVE), seat("a", SEAT)];
    let ended = [sub(ENDED), seat("a", SEAT)];
    let late = [sub(LATE), seat("a", TAKEN_BACK)];
    let cases: [(&[Told], u32, &str, bool, &str); 21] = [
        (&[sub(ACTIVE)], 0, "seat=p", false, "never_granted"),
        // Of what it is a seat, nobody told yet.
        (&[seat("a", SEAT)], 0, "seat=p", false, "never_granted"),
        (&team, 0, "seat=p", true, "claimed"),
        (&team, 0, "seat=q", false, "never_granted"),
        (&team, 0, "seat=p&m", true, "claimed"),
        (&team, 0, "seat=p&ann", true, "claimed"),
        (&team, 0, "seat=p&bob", false, "never_granted"),
        (
            &[sub(ACTIVE), seat("a", INVITED)],
            0,
            "seat=p",
            false,
            "pending",
        ),
        (
            &[sub(ACTIVE), seat("a", TAKEN_BACK)],
            0,
            "seat=p",
            false,
            "revoked",
        ),
        (&ended, 0, "seat=p", false, "canceled"),
        (
            &[sub(ACTIVE), seat("a", SEAT), ("state", "c", 9, NOTHING)],
            0,
            "seat=p",
            false,
            "not_in_customer_state",
        ),
        (
            &[sub(ENDED), seat("a", SEAT), order(PAID), seat("b", ORDERED)],
            0,
            "seat=p",
            true,
            "claimed",
        ),
        (
            &[sub(ENDED), seat("a", SEAT), order(PAID), seat("b", ORDERED)],
            0,
            "seat=p&m",
            false,
            "canceled",
        ),
        (
            &[order(REFUNDED), seat("b", ORDERED)],
            0,
            "seat=p",
            false,
            "refunded",
        ),
        (&late, 3, "seat=p", true, "grace"),
        (&late, 0, "seat=p", false, "revoked"),
        (
            &[sub(LATE), seat("a", UNTAKEN)],
            3,
            "seat=p",
            false,
            "revoked",
        ),
        (
            &[sub(LATE), seat("a", GIVEN_ON)],
            3,
            "seat=p",
            false,
            "pending",
        ),
        (
            &[sub(ACTIVE), seat("a", NOBODYS)],
            0,
            "seat=p",
            false,
            "never_granted",
        ),
        (
            &[sub(LATE), seat("a", NOBODYS)],
            3,
            "seat=p",
            false,
            "never_granted",
        ),
        (
            &[sub(LATE), seat("a", NOBODYS_TAKEN_BACK)],
            3,
            "seat=p",
            false,
            "revoked",
        ),
    ];
    for (told, grace, question, allowed, reason) in cases {
        let verdict = ask(&standing(told, grace, 4), question, 4);
        let case = format!("{told:?} {grace} {question}");
        assert_eq!(
            (verdict.allowed, verdict.reason.as_str()),
            (allowed, reason),
            "{case}"
        );
    }
    let over = ask(&standing(&late, 3, 4), "seat=p", 5);
    assert_eq!((over.allowed, over.reason.as_str()), (false, "past_due"));
}

#[test]
fn grace_is_one_more_grant_that_ends_by_itself() {
    let late: &[Told] = &[
        ("subscription", "s", 4, LATE),
        ("benefit_grant", "g", 4, UNSEATED),
        ("state", "c", 5, NOTHING),
    ];
    let bought: Vec<Told> = [late, &[("order", "o", 4, PAID)]].concat();
    // Past due since the third of January: three days of grace are over on the sixth.
    let cases: [Case<'_>; 8] = [
        (late, 0, 4, "product=p", false, "past_due"),
        (late, 3, 4, "product=p", true, "grace"),
        (late, 3, 4, "benefit=b", true, "grace"),
        (late, 3, 4, "feature=exports", true, "granted"),
        (late, 3, 5, "product=p", false, "past_due"),
        (late, 3, 5, "feature=exports", false, "never_granted"),
        (&bought, 3, 4, "product=p", true, "paid"),
        (&bought, 3, 5, "product=p", true, "paid"),
    ];
    for (told, grace, day, question, allowed, reason) in cases {
        // Held since the fourth day, asked on another.
        let verdict = ask(&standing(told, grace, 4), question, day);
        let case = format!("{told:?} {grace} {day} {question}");
        assert_eq!(verdict.allowed, allowed, "{case}");
        let grants_twice = told.len() > late.len() && day == 4;
        assert!(
            grants_twice || verdict.reason == reason,
            "{case} {verdict:?}"
        );
    }
}

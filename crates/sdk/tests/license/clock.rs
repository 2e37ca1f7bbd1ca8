//! When a lease is good, and clocks that are wrong or turned back.

use polarkit::license::{LicenseError, Mark};

use crate::stand::{GIVEN, HOUR, MACHINE, at, key, lease, verifier};

#[test]
fn a_lease_is_good_from_its_beginning_to_its_end_and_not_at_it() {
    let key = key();
    let (token, verifier) = (key.sign(&lease()), verifier(&key));
    let good = |seconds: i64| verifier.verify(&token, MACHINE, at(seconds), &mut Mark::default());
    assert_eq!(good(GIVEN).unwrap(), lease());
    assert_eq!(good(GIVEN + HOUR - 1).unwrap(), lease());
    let expired = LicenseError::Expired {
        at: at(GIVEN + HOUR),
    };
    assert_eq!(good(GIVEN + HOUR), Err(expired));
    // A machine's clock may be a little slow.
    assert_eq!(good(GIVEN - 300).unwrap(), lease());
    let (now, from) = (at(GIVEN - 301), at(GIVEN));
    assert_eq!(good(GIVEN - 301), Err(LicenseError::NotYet { now, from }));
}

#[test]
fn a_clock_that_is_turned_back_is_noticed_after_a_restart() {
    let key = key();
    let (token, verifier) = (key.sign(&lease()), verifier(&key));
    let mut mark = Mark::default();
    let late = at(GIVEN + 2_000);
    verifier.verify(&token, MACHINE, late, &mut mark).unwrap();
    let mut mark: Mark = mark.to_string().parse().unwrap();
    let little = at(GIVEN + 2_000 - 300);
    verifier.verify(&token, MACHINE, little, &mut mark).unwrap();
    assert_eq!(mark.latest(), Some(late), "a mark never moves back");
    let now = at(GIVEN + 2_000 - 301);
    let turned_back = LicenseError::ClockTurnedBack { now, latest: late };
    let refused = verifier.verify(&token, MACHINE, now, &mut mark);
    assert_eq!(refused, Err(turned_back));
}

#[test]
fn who_saw_the_end_does_not_get_behind_it_by_turning_the_clock_back() {
    let key = key();
    let (token, verifier) = (key.sign(&lease()), verifier(&key));
    let mut mark = Mark::default();
    let refuse = |seconds: i64, mark: &mut Mark| {
        verifier
            .verify(&token, MACHINE, at(seconds), mark)
            .unwrap_err()
    };
    let end = at(GIVEN + HOUR);
    assert_eq!(
        refuse(GIVEN + 99 * HOUR, &mut mark),
        LicenseError::Expired { at: end }
    );
    assert_eq!(
        mark.latest(),
        Some(end),
        "a clock that ran ahead is forgiven"
    );
    // Within the tolerance: what was seen has passed all the same.
    assert_eq!(
        refuse(GIVEN + HOUR - 100, &mut mark),
        LicenseError::Expired { at: end }
    );
    assert!(matches!(
        refuse(GIVEN + 1, &mut mark),
        LicenseError::ClockTurnedBack { .. }
    ));
}

#[test]
fn a_mark_that_was_tampered_with_is_no_mark() {
    assert_eq!("".parse(), Ok(Mark::default()));
    assert_eq!(Mark::default().to_string(), "");
    for text in ["yesterday", "1e9", "99999999999999999999", "1.5"] {
        assert!(text.parse::<Mark>().is_err(), "{text}");
    }
}

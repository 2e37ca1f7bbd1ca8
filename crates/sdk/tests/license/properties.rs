//! For any lease and any seat whatever: what differs in a bit, in the machine or in the time is refused.

use polarkit::license::{Lease, LicenseError, Mark, machine_hash};
use proptest::prelude::*;

use crate::stand::{GIVEN, MACHINE, at, key, lease, pool, seat, verifier};

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_bit_anywhere_and_it_is_no_lease(
        id in ".{0,40}",
        feature in ".{0,40}",
        flip in any::<prop::sample::Index>(),
    ) {
        let key = key();
        let features = [(feature, true.into())].into();
        let entitlements = polarkit::license::Entitlements { features, ..lease().entitlements };
        let given = Lease { id, entitlements, ..lease() };
        let token = key.sign(&given);
        let verifier = verifier(&key);
        let verified = verifier.verify(&token, MACHINE, at(GIVEN), &mut Mark::default());
        prop_assert_eq!(verified, Ok(given));

        if let Some(changed) = flipped(&token, flip) {
            let mut mark = Mark::default();
            let refused = verifier.verify(&changed, MACHINE, at(GIVEN), &mut mark);
            prop_assert!(refused.is_err(), "{:?}", refused);
            prop_assert_eq!(mark, Mark::default(), "what is not genuine moves no mark");
        }
    }

    #[test]
    fn one_bit_of_a_seat_or_its_pool_and_nobody_holds_it(
        seats in 1_u32..1_000,
        of_pool in any::<bool>(),
        flip in any::<prop::sample::Index>(),
    ) {
        let (gateway, server) = (key(), key());
        let given = pool(&server, seats);
        let taken = seat(&given);
        let (pool, seat) = (gateway.sign(&given), server.sign(&taken));
        let verifier = verifier(&gateway);
        let verified = verifier.verify_seat((&pool, &seat), MACHINE, at(GIVEN), &mut Mark::default());
        prop_assert_eq!(verified.map(|held| (held.pool, held.seat)), Ok((given, taken)));

        if let Some(changed) = flipped(if of_pool { &pool } else { &seat }, flip) {
            let tokens = if of_pool { (&*changed, &*seat) } else { (&*pool, &*changed) };
            let mut mark = Mark::default();
            let refused = verifier.verify_seat(tokens, MACHINE, at(GIVEN), &mut mark);
            prop_assert!(refused.is_err(), "{:?}", refused);
        }
    }

    #[test]
    fn any_other_machine_is_refused(machine in ".{1,60}", other in ".{1,60}") {
        let key = key();
        let given = Lease { machine: machine_hash(&lease().key_hash, &machine), ..lease() };
        let token = key.sign(&given);
        let verifier = verifier(&key);
        let here = verifier.verify(&token, &machine, at(GIVEN), &mut Mark::default());
        prop_assert_eq!(here, Ok(given));
        if machine != other {
            let there = verifier.verify(&token, &other, at(GIVEN), &mut Mark::default());
            prop_assert_eq!(there, Err(LicenseError::OtherMachine));
        }
    }

    #[test]
    fn any_time_outside_is_refused_and_the_time_seen_never_steps_back(
        length in 1..100_000_i64,
        moments in proptest::collection::vec(-200_000..200_000_i64, 1..8),
    ) {
        let key = key();
        let given = Lease { expires_at: at(GIVEN + length), ..lease() };
        let token = key.sign(&given);
        let verifier = verifier(&key).tolerance(std::time::Duration::ZERO);
        let mut mark = Mark::default();
        for moment in moments {
            let now = at(GIVEN + moment);
            let latest = mark.latest();
            let good = verifier.verify(&token, MACHINE, now, &mut mark).is_ok();
            let in_time = (0..length).contains(&moment) && latest.is_none_or(|latest| now >= latest);
            prop_assert_eq!(good, in_time, "at {} after {:?}", moment, latest);
            prop_assert!(mark.latest() >= latest);
            prop_assert!(mark.latest() <= Some(given.expires_at));
        }
    }

    #[test]
    fn no_text_is_a_lease_by_chance_or_panics(text in r"[A-Za-z0-9_\-]{0,60}\.?.{0,60}\.?.{0,90}") {
        let verifier = verifier(&key());
        let refused = verifier.verify(&text, MACHINE, at(GIVEN), &mut Mark::default());
        prop_assert!(refused.is_err());
    }
}

/// A token with one bit of it changed; nothing where that is no text, which cannot even be handed in.
fn flipped(token: &str, at: prop::sample::Index) -> Option<String> {
    let mut bytes = token.as_bytes().to_vec();
    let bit = at.index(bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    String::from_utf8(bytes).ok()
}

//! For any bytes whatever: what we sign is genuine, what differs is not, and nothing panics.

use polarkit::{
    Secret, Timestamp,
    webhooks::{self, Headers, Scheme, SecretError, Verifier, VerifyError},
};
use proptest::{collection::vec, prelude::*};

fn scheme() -> impl Strategy<Value = Scheme> {
    prop_oneof![Just(Scheme::WholeSecret), Just(Scheme::Decoded)]
}

/// Polar's own, a standard one, and what a person may have typed.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "whsec_[0-9A-Za-z]{43}",
        "whsec_[0-9A-Za-z+/]{32}",
        "polar_whs_[0-9A-Za-z]{43}",
        "[0-9a-f]{32}",
        ".{0,40}"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_is_genuine_and_one_bit_later_it_is_not(
        secret in secret(),
        scheme in scheme(),
        id in r"[!-\-/-~]{1,64}",
        seconds in 0..4_102_444_800_i64,
        body in vec(any::<u8>(), 1..512),
        flip in any::<prop::sample::Index>(),
    ) {
        let now = Timestamp::from_second(seconds).unwrap();
        let secret = secret.trim();
        let signed = webhooks::sign(&Secret::from(secret), scheme, &id, now, &body);
        let signature = match signed {
            Ok(signature) => signature,
            Err(SecretError::NoKey | SecretError::Guessable { .. }) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        let timestamp = seconds.to_string();
        let headers = Headers { id: &id, timestamp: &timestamp, signature: &signature };
        let verifier = Verifier::new(["whsec_another", secret]).unwrap();
        let verified = verifier.verify(&headers, &body, now).unwrap();
        prop_assert_eq!((verified.secret, verified.scheme), (1, scheme));

        let mut changed = body.clone();
        let bit = flip.index(changed.len() * 8);
        changed[bit / 8] ^= 1 << (bit % 8);
        let refused = verifier.verify(&headers, &changed, now);
        prop_assert_eq!(refused, Err(VerifyError::BadSignature));
    }

    #[test]
    fn no_input_is_genuine_by_chance_or_panics(
        id in ".*",
        timestamp in prop_oneof!["[0-9]{0,20}", ".*"],
        signature in prop_oneof!["(v1,[A-Za-z0-9+/]{43}= ?){0,4}", ".*"],
        body in vec(any::<u8>(), 0..256),
        now in any::<i32>(),
    ) {
        let now = Timestamp::from_second(now.into()).unwrap();
        let headers = Headers { id: &id, timestamp: &timestamp, signature: &signature };
        let verifier = Verifier::new(["whsec_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ"]).unwrap();
        prop_assert!(verifier.verify(&headers, &body, now).is_err());
    }

    #[test]
    fn whatever_is_parsed_keeps_its_bytes(body in prop_oneof![vec(any::<u8>(), 0..256), json()]) {
        match webhooks::parse(body.clone()) {
            Ok(delivery) => prop_assert_eq!(&delivery.body[..], &body[..]),
            Err(unread) => prop_assert_eq!(&unread.body()[..], &body[..]),
        }
    }
}

/// Bodies that look like deliveries until they don't.
fn json() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![
        "order\\.(paid|created)",
        "customer\\.state_changed",
        "[a-z_.]{0,20}"
    ];
    let timestamp = prop_oneof![Just("2026-01-01T00:00:00Z".to_owned()), ".{0,30}"];
    let data = prop_oneof![Just("{}".to_owned()), Just("null".to_owned()), ".{0,60}"];
    (kind, timestamp, data).prop_map(|(kind, timestamp, data)| {
        format!(r#"{{"type":"{kind}","timestamp":"{timestamp}","data":{data}}}"#).into_bytes()
    })
}

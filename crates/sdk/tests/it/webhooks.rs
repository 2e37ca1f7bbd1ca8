//! Genuine, forged and stale deliveries.

use polarkit::{
    Secret, Timestamp,
    webhooks::{self, Headers, Scheme, VerifyError},
};

const ID: &str = "3f0c6b0e-6f0a-4d2a-9a51-0d4f5f6c7b8a";
const TIMESTAMP: &str = "1767225600";
const BODY: &[u8] = br#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{}}"#;
const SECRET: &str = "whsec_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ";
const SIGNATURE: &str = "v1,ELJJHmgpYfWrMvELYiZ69e5rX5RYsMzG0jl1DYWRVsE=";

fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap()
}

fn headers(signature: &str) -> Headers<'_> {
    Headers {
        id: ID,
        timestamp: TIMESTAMP,
        signature,
    }
}

#[test]
fn what_polar_signs_is_genuine() {
    let vectors = [
        (SECRET, SIGNATURE),
        (
            "00000000000040008000000000000001",
            "v1,EpO7HhJwGrkJhxxFYsObgr/ktHx+u+rf0ruieIkg0sg=",
        ),
    ];
    for (secret, signature) in vectors {
        let secret = Secret::from(secret);
        assert_eq!(
            webhooks::sign(&secret, Scheme::WholeSecret, ID, now(), BODY),
            signature
        );
        let verified = webhooks::verify(&[secret], &headers(signature), BODY, now()).unwrap();
        assert_eq!(verified.scheme, Scheme::WholeSecret);
        assert_eq!(verified.id, ID);
    }
}

#[test]
fn the_standard_key_is_accepted_too() {
    // The Standard Webhooks form of the first secret: its decoded remainder is the whole first.
    let standard =
        Secret::from("whsec_d2hzZWNfYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXpBQkNERUZHSElKSzRXUXNTWg==");
    let verified = webhooks::verify(&[standard], &headers(SIGNATURE), BODY, now()).unwrap();
    assert_eq!(verified.scheme, Scheme::Decoded);

    let secret = Secret::from(SECRET);
    let signature = webhooks::sign(&secret, Scheme::Decoded, ID, now(), BODY);
    assert_ne!(signature, SIGNATURE);
    let verified = webhooks::verify(&[secret], &headers(&signature), BODY, now()).unwrap();
    assert_eq!(verified.scheme, Scheme::Decoded);
}

#[test]
fn while_secrets_rotate_any_of_them_will_do() {
    let secrets = [Secret::from("whsec_new"), Secret::from(SECRET)];
    let several = format!("v2,abc v1,AAAA {SIGNATURE}");
    let verified = webhooks::verify(&secrets, &headers(&several), BODY, now()).unwrap();
    assert_eq!(verified.secret, 1);
}

#[test]
fn one_changed_bit_anywhere_is_a_forgery() {
    let secrets = [Secret::from(SECRET)];
    for position in 0..BODY.len() {
        for bit in 0..8 {
            let mut body = BODY.to_vec();
            body[position] ^= 1 << bit;
            let refused = webhooks::verify(&secrets, &headers(SIGNATURE), &body, now());
            assert_eq!(
                refused,
                Err(VerifyError::BadSignature),
                "byte {position} bit {bit}"
            );
        }
    }
    let other_id = Headers {
        id: "another",
        ..headers(SIGNATURE)
    };
    let refused = webhooks::verify(&secrets, &other_id, BODY, now());
    assert_eq!(refused, Err(VerifyError::BadSignature));
    let other_time = Headers {
        timestamp: "1767225601",
        ..headers(SIGNATURE)
    };
    let refused = webhooks::verify(&secrets, &other_time, BODY, now());
    assert_eq!(refused, Err(VerifyError::BadSignature));
}

#[test]
fn a_stale_delivery_is_told_apart_from_a_forged_one() {
    let secrets = [Secret::from(SECRET)];
    let at = |offset: i64| {
        let now = Timestamp::from_second(1_767_225_600 + offset).unwrap();
        webhooks::verify(&secrets, &headers(SIGNATURE), BODY, now)
    };
    assert!(at(300).is_ok() && at(-300).is_ok());
    assert!(
        matches!(at(301), Err(VerifyError::StaleTimestamp { verified, .. }) if verified.id == ID)
    );
    assert!(matches!(at(-301), Err(VerifyError::StaleTimestamp { .. })));

    let late = Timestamp::from_second(1_767_300_000).unwrap();
    let forged = webhooks::verify(&[Secret::from("no")], &headers(SIGNATURE), BODY, late);
    assert_eq!(forged, Err(VerifyError::BadSignature));
}

#[test]
fn headers_that_are_none_are_named() {
    let secrets = [Secret::from(SECRET)];
    for garbage in ["", "v1,", "v1", "v1,***", "v2,AAAA"] {
        let refused = webhooks::verify(&secrets, &headers(garbage), BODY, now());
        assert_eq!(
            refused,
            Err(VerifyError::MalformedHeader {
                name: "webhook-signature"
            }),
            "{garbage}"
        );
    }
    for garbage in ["", "soon", "99999999999999999999"] {
        let headers = Headers {
            timestamp: garbage,
            ..headers(SIGNATURE)
        };
        let refused = webhooks::verify(&secrets, &headers, BODY, now());
        assert_eq!(
            refused,
            Err(VerifyError::MalformedHeader {
                name: "webhook-timestamp"
            })
        );
    }
    let refused = Headers::find(|name| (name != "webhook-id").then_some("x"));
    assert_eq!(
        refused,
        Err(VerifyError::MissingHeader { name: "webhook-id" })
    );
}

#[test]
fn no_secret_accepts_nothing() {
    let refused = webhooks::verify(&[], &headers(SIGNATURE), BODY, now());
    assert_eq!(refused, Err(VerifyError::BadSignature));
}

#[test]
fn a_type_newer_than_us_is_kept() {
    let body = br#"{"type":"moon.landed","timestamp":"2026-01-01T00:00:00Z","data":{"crew":3}}"#;
    let delivery = webhooks::parse(body).unwrap();
    assert_eq!(delivery.event.kind(), "moon.landed");
    let webhooks::Event::Unrecognized { data, .. } = delivery.event else {
        panic!("kept")
    };
    assert_eq!(data["crew"], 3);
}

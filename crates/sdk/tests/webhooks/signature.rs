//! Genuine, forged and stale deliveries.

use polarkit::{
    Secret, Timestamp,
    webhooks::{self, BODY_BYTES_MAX, Headers, Scheme, Verifier, VerifyError},
};

pub(crate) const ID: &str = "3f0c6b0e-6f0a-4d2a-9a51-0d4f5f6c7b8a";
pub(crate) const TIMESTAMP: &str = "1767225600";
pub(crate) const BODY: &[u8] =
    br#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{}}"#;
pub(crate) const SECRET: &str = "whsec_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ";
pub(crate) const SIGNATURE: &str = "v1,ELJJHmgpYfWrMvELYiZ69e5rX5RYsMzG0jl1DYWRVsE=";

pub(crate) fn now() -> Timestamp {
    at(0)
}

fn at(offset: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + offset).unwrap()
}

pub(crate) fn headers(signature: &str) -> Headers<'_> {
    Headers {
        id: ID,
        timestamp: TIMESTAMP,
        signature,
    }
}

pub(crate) fn verifier() -> Verifier {
    Verifier::new([SECRET]).unwrap()
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
        let signed = webhooks::sign(&secret, Scheme::WholeSecret, ID, now(), BODY);
        assert_eq!(signed.as_deref(), Ok(signature));
        let verified = webhooks::verify(&[secret], &headers(signature), BODY, now()).unwrap();
        assert_eq!(verified.scheme, Scheme::WholeSecret);
        assert_eq!(verified.id, ID);
        assert_eq!(verified.timestamp, now());
    }
}

#[test]
fn the_standard_key_is_accepted_too() {
    // The Standard Webhooks form of the first secret: its decoded remainder is the whole first.
    let standard = "whsec_d2hzZWNfYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXpBQkNERUZHSElKSzRXUXNTWg==";
    let verifier = Verifier::new([standard]).unwrap();
    let verified = verifier.verify(&headers(SIGNATURE), BODY, now()).unwrap();
    assert_eq!(verified.scheme, Scheme::Decoded);

    for secret in [SECRET, "polar_whs_AZaz09+/", "AZaz09+/AA"] {
        let signature =
            webhooks::sign(&Secret::from(secret), Scheme::Decoded, ID, now(), BODY).unwrap();
        let verifier = Verifier::new([secret]).unwrap();
        let verified = verifier.verify(&headers(&signature), BODY, now()).unwrap();
        assert_eq!(verified.scheme, Scheme::Decoded, "{secret}");
    }
}

#[test]
fn while_secrets_rotate_any_of_them_will_do() {
    let verifier = Verifier::new(["whsec_new", SECRET]).unwrap();
    let several = format!("v2,abc v1,AAAA v1,*** v1a,{} {SIGNATURE}", "A".repeat(64));
    let verified = verifier.verify(&headers(&several), BODY, now()).unwrap();
    assert_eq!(verified.secret, 1);
}

#[test]
fn one_changed_bit_anywhere_is_a_forgery() {
    let verifier = verifier();
    for position in 0..BODY.len() {
        for bit in 0..8 {
            let mut body = BODY.to_vec();
            body[position] ^= 1 << bit;
            let refused = verifier.verify(&headers(SIGNATURE), &body, now());
            assert_eq!(
                refused,
                Err(VerifyError::BadSignature),
                "byte {position} bit {bit}"
            );
        }
    }
    let changed = [
        Headers {
            id: "another",
            ..headers(SIGNATURE)
        },
        Headers {
            timestamp: "1767225601",
            ..headers(SIGNATURE)
        },
        // The same moment written otherwise was not signed either.
        Headers {
            timestamp: "+1767225600",
            ..headers(SIGNATURE)
        },
    ];
    for headers in changed {
        let refused = verifier.verify(&headers, BODY, now());
        assert_eq!(refused, Err(VerifyError::BadSignature), "{headers:?}");
    }
    for truncated in [&BODY[1..], &BODY[..BODY.len() - 1], b""] {
        let refused = verifier.verify(&headers(SIGNATURE), truncated, now());
        assert_eq!(refused, Err(VerifyError::BadSignature));
    }
}

#[test]
fn a_part_of_the_signature_is_none() {
    for part in ["v1,ELJJHmgpYfWrMvELYiZ69e5r", "v1,EA==", &SIGNATURE[..40]] {
        let refused = verifier().verify(&headers(part), BODY, now());
        assert!(
            matches!(
                refused,
                Err(VerifyError::BadSignature | VerifyError::MalformedHeader { .. })
            ),
            "{part}: {refused:?}"
        );
    }
}

#[test]
fn a_delivery_is_genuine_for_five_minutes_before_and_after() {
    let verify = |offset| verifier().verify(&headers(SIGNATURE), BODY, at(offset));
    assert!(verify(300).is_ok() && verify(-300).is_ok());
    let too_old = verify(301).unwrap_err();
    assert!(
        matches!(&too_old, VerifyError::TooOld { verified, now } if verified.id == ID && *now == at(301))
    );
    assert_eq!(too_old.status(), 403);
    assert!(matches!(verify(-301), Err(VerifyError::TooNew { .. })));
    // The one who replays is told nothing that the one who forges isn't.
    let forged = webhooks::verify(&["no".into()], &headers(SIGNATURE), BODY, at(86_400));
    assert_eq!(forged, Err(VerifyError::BadSignature));
}

#[test]
fn the_tolerance_is_yours_to_choose() {
    let strict = verifier().tolerance(std::time::Duration::from_secs(10));
    assert!(strict.verify(&headers(SIGNATURE), BODY, at(10)).is_ok());
    let late = strict.verify(&headers(SIGNATURE), BODY, at(11));
    assert!(matches!(late, Err(VerifyError::TooOld { .. })));

    let exact = verifier().tolerance(jiff::SignedDuration::MIN);
    assert!(exact.verify(&headers(SIGNATURE), BODY, at(0)).is_ok());
    assert!(exact.verify(&headers(SIGNATURE), BODY, at(1)).is_err());

    let forgiving = verifier().tolerance(std::time::Duration::MAX);
    let much_later = forgiving.verify(&headers(SIGNATURE), BODY, Timestamp::MAX);
    assert!(much_later.is_ok());
    assert!(
        forgiving
            .verify(&headers(SIGNATURE), BODY, Timestamp::MIN)
            .is_ok()
    );
}

#[test]
fn a_body_beyond_the_bound_is_refused_unread() {
    let too_large = |verifier: &Verifier, bytes: usize| {
        verifier.verify(&headers(SIGNATURE), &vec![b' '; bytes], now())
    };
    let verifier = verifier();
    assert_eq!(verifier.bytes_max(), BODY_BYTES_MAX);
    assert_eq!(
        too_large(&verifier, BODY_BYTES_MAX),
        Err(VerifyError::BadSignature)
    );
    let refused = too_large(&verifier, BODY_BYTES_MAX + 1);
    assert_eq!(refused.as_ref().unwrap_err().status(), 413);
    assert_eq!(
        refused,
        Err(VerifyError::BodyTooLarge {
            bytes_max: BODY_BYTES_MAX
        })
    );
    let small = verifier.body_bytes_max(BODY.len());
    assert!(small.verify(&headers(SIGNATURE), BODY, now()).is_ok());
    assert_eq!(
        too_large(&small, BODY.len() + 1),
        Err(VerifyError::BodyTooLarge {
            bytes_max: BODY.len()
        })
    );
}

/// What is signed is joined by dots: with one in the id, a part of the body could pass for a time.
#[test]
fn a_body_does_not_lend_its_digits_for_a_newer_time() {
    let body = br#"{"type":"order.paid","note":"of 7.1767225600.42"}"#;
    let old = at(-86_400);
    let secret = Secret::from(SECRET);
    let signature = webhooks::sign(&secret, Scheme::WholeSecret, ID, old, body).unwrap();
    let cut = format!(
        r#"{ID}.{}.{{"type":"order.paid","note":"of 7"#,
        old.as_second()
    );
    let forged = Headers {
        id: &cut,
        ..headers(&signature)
    };
    let refused = verifier().verify(&forged, br#"42"}"#, now());
    let name = "webhook-id";
    assert_eq!(refused, Err(VerifyError::MalformedHeader { name }));
}

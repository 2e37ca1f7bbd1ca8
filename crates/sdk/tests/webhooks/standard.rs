//! The test vector of Standard Webhooks, and what its reference implementations must refuse.

use polarkit::{
    Timestamp,
    webhooks::{Headers, Scheme, Verifier, VerifyError, sign},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SENT_AT: i64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn at(offset: i64) -> Timestamp {
    Timestamp::from_second(SENT_AT + offset).unwrap()
}

fn headers() -> Headers<'static> {
    Headers {
        id: ID,
        timestamp: "1614265330",
        signature: SIGNATURE,
    }
}

fn refused(headers: Headers<'_>, offset: i64) -> VerifyError {
    let verifier = Verifier::new([SECRET]).unwrap();
    verifier.verify(&headers, BODY, at(offset)).unwrap_err()
}

#[test]
fn the_published_vector_is_signed_and_verified() {
    let signed = sign(&SECRET.into(), Scheme::Decoded, ID, at(0), BODY);
    assert_eq!(signed.as_deref(), Ok(SIGNATURE));
    // With its prefix and without, alone and among others.
    for secret in [SECRET, &SECRET[6..]] {
        let verifier = Verifier::new([secret]).unwrap();
        let verified = verifier.verify(&headers(), BODY, at(0)).unwrap();
        assert_eq!(verified.scheme, Scheme::Decoded);
        let several = format!(
            "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {SIGNATURE}"
        );
        let among_others = Headers {
            signature: &several,
            ..headers()
        };
        assert!(verifier.verify(&among_others, BODY, at(0)).is_ok());
    }
}

#[test]
fn a_wrong_signature_is_refused() {
    let wrong = Headers {
        signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJawdd",
        ..headers()
    };
    assert_eq!(refused(wrong, 0), VerifyError::BadSignature);
}

#[test]
fn the_right_signature_of_another_version_is_refused() {
    let (other, without) = (SIGNATURE.replace("v1,", "v2,"), &SIGNATURE[3..]);
    for signature in [other.as_str(), without] {
        let refused = refused(
            Headers {
                signature,
                ..headers()
            },
            0,
        );
        assert_eq!(
            refused,
            VerifyError::MalformedHeader {
                name: "webhook-signature"
            }
        );
    }
}

#[test]
fn old_and_new_timestamps_are_refused() {
    assert!(matches!(
        refused(headers(), 301),
        VerifyError::TooOld { .. }
    ));
    assert!(matches!(
        refused(headers(), -301),
        VerifyError::TooNew { .. }
    ));
}

#[test]
fn the_text_of_the_secret_is_another_key_than_its_bytes() {
    let signature = sign(&SECRET.into(), Scheme::WholeSecret, ID, at(0), BODY).unwrap();
    assert_ne!(signature, SIGNATURE);
}

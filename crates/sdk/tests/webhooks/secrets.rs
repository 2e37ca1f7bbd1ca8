//! Which secrets are none, and that none is ever told.

use polarkit::{
    Secret,
    webhooks::{Headers, Scheme, SecretError, Verifier, VerifyError, sign, verify},
};

use super::signature::{BODY, ID, SECRET, SIGNATURE, TIMESTAMP, headers, now};

const GUESSABLE: [&str; 6] = ["", " ", "\n", "whsec_", "polar_whs_", "whsec_ \t"];

#[test]
fn a_secret_that_anybody_could_guess_is_refused_by_its_place() {
    for guessable in GUESSABLE {
        let refused = Verifier::new([SECRET, guessable]).map(drop);
        assert_eq!(refused, Err(SecretError::Guessable { index: 1 }));
        assert_eq!(
            refused.unwrap_err().to_string(),
            "webhook secret 2 holds no secret"
        );
        let refused = sign(&guessable.into(), Scheme::WholeSecret, ID, now(), BODY);
        assert_eq!(refused, Err(SecretError::Guessable { index: 0 }));
    }
}

#[test]
fn white_space_around_a_secret_is_refused_before_it_refuses_every_delivery() {
    for untrimmed in ["whsec_abc\n", " whsec_abc", "whsec_abc\r\n"] {
        let refused = Verifier::new([SECRET, untrimmed]).map(drop);
        assert_eq!(refused, Err(SecretError::Untrimmed { index: 1 }));
    }
}

#[test]
fn what_an_empty_secret_would_sign_is_accepted_by_nobody() {
    // HMAC-SHA256 with an empty key over the id, the time and the body.
    let forged = "v1,c9X+5NhSAOgA2iaBRpGmQ6GKuwS7kE2sxLg0zOLGdnU=";
    for guessable in GUESSABLE {
        let refused = verify(&[guessable.into()], &headers(forged), BODY, now());
        assert_eq!(refused, Err(VerifyError::BadSignature));
    }
}

#[test]
fn no_secret_accepts_nothing() {
    let none: [Secret; 0] = [];
    assert_eq!(Verifier::new(none).map(drop), Err(SecretError::Missing));
    let refused = verify(&[], &headers(SIGNATURE), BODY, now());
    assert_eq!(refused, Err(VerifyError::BadSignature));
}

#[test]
fn a_secret_that_is_no_base64_has_no_decoded_key() {
    let refused = sign(&"not base64!".into(), Scheme::Decoded, ID, now(), BODY);
    assert_eq!(refused, Err(SecretError::NoKey));
}

#[test]
fn nothing_prints_a_secret() {
    let verifier = Verifier::new([SECRET]).unwrap();
    let stale = Headers {
        timestamp: "1767225000",
        ..headers(SIGNATURE)
    };
    let signature = sign(
        &SECRET.into(),
        Scheme::WholeSecret,
        ID,
        "2025-12-31T23:50:00Z".parse().unwrap(),
        BODY,
    )
    .unwrap();
    let too_old = Headers {
        signature: &signature,
        ..stale
    };
    let mut said = format!("{verifier:?} {verifier:#?}");
    for headers in [stale, too_old, headers("v1,***"), headers("v1,AAAA")] {
        let error = verifier.verify(&headers, BODY, now()).unwrap_err();
        said.extend([error.to_string(), format!("{error:?}")]);
    }
    let decoded = SECRET.trim_start_matches("whsec_");
    assert!(
        !said.contains(decoded) && !said.contains("abcdefgh"),
        "{said}"
    );
    assert!(
        said.contains(TIMESTAMP) || said.contains("2026-01-01"),
        "{said}"
    );
}

//! Five lines: secret, id, time, signatures, body. Nothing panics, and what is genuine was signed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use polarkit::{
    Secret, Timestamp,
    webhooks::{Headers, Verifier, VerifyError, sign},
};

fuzz_target!(|input: &[u8]| {
    let mut lines = input.splitn(5, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let mut text = || std::str::from_utf8(line()).ok();
    let (Some(secret), Some(id), Some(timestamp), Some(signature)) = (text(), text(), text(), text())
    else {
        return;
    };
    let body = line();
    let Ok(verifier) = Verifier::new([secret]) else {
        return;
    };
    let headers = Headers {
        id,
        timestamp,
        signature,
    };
    let now = timestamp.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    match verifier.verify(&headers, body, now.unwrap_or(Timestamp::UNIX_EPOCH)) {
        Ok(verified) => {
            let secret = Secret::from(secret);
            let again = sign(&secret, verified.scheme, id, verified.timestamp, body);
            let again = again.expect("there was a key");
            // `+7` is the moment of `7`, but other text was signed.
            let written_plainly = timestamp == verified.timestamp.as_second().to_string();
            assert!(!written_plainly || signature.contains(&again));
        }
        Err(error) => {
            let malformed = matches!(error, VerifyError::MalformedHeader { .. });
            assert_eq!(malformed, headers.well_formed().is_err());
            // What is said of another secret as well gives none away, even if its words are the secret.
            let another = Verifier::new(["whsec_another"]).expect("it is a secret");
            let at = now.unwrap_or(Timestamp::UNIX_EPOCH);
            let said_anyway = another.verify(&headers, body, at) == Err(error.clone());
            let text = format!("{error} {error:?}");
            assert!(said_anyway || secret.len() < 16 || id.contains(secret) || !text.contains(secret));
        }
    }
});

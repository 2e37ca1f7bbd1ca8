//! Headers as requests bring them, friendly and hostile.

use std::collections::{BTreeMap, HashMap};

use polarkit::webhooks::{Headers, VerifyError};

use super::signature::{BODY, ID, SIGNATURE, TIMESTAMP, headers, now, verifier};

#[test]
fn whatever_they_come_in_they_are_found() {
    let mut http = http::HeaderMap::new();
    http.insert("webhook-id", ID.parse().unwrap());
    http.insert("Webhook-Timestamp", TIMESTAMP.parse().unwrap());
    http.insert("WEBHOOK-SIGNATURE", SIGNATURE.parse().unwrap());
    http.insert("content-type", "application/json".parse().unwrap());
    assert_eq!(Headers::from_pairs(&http), Ok(headers(SIGNATURE)));

    let pairs = [
        ("Webhook-Id", ID),
        ("WEBHOOK-TIMESTAMP", TIMESTAMP),
        ("webhook-signature", SIGNATURE),
    ];
    assert_eq!(Headers::from_pairs(pairs), Ok(headers(SIGNATURE)));

    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let map = HashMap::from(owned.clone());
    assert_eq!(Headers::from_pairs(&map), Ok(headers(SIGNATURE)));
    let bytes = owned.map(|(name, value)| (name, value.into_bytes()));
    let map = BTreeMap::from(bytes);
    assert_eq!(Headers::from_pairs(&map), Ok(headers(SIGNATURE)));

    let find = |wanted: &str| {
        let found = pairs
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| *value)
    };
    assert_eq!(Headers::find(find), Ok(headers(SIGNATURE)));
}

#[test]
fn the_one_that_is_missing_is_named() {
    let all = [
        ("webhook-id", ID),
        ("webhook-timestamp", TIMESTAMP),
        ("webhook-signature", SIGNATURE),
    ];
    for (missing, _) in all {
        let rest = all.into_iter().filter(|(name, _)| *name != missing);
        let refused = Headers::from_pairs(rest);
        assert_eq!(refused, Err(VerifyError::MissingHeader { name: missing }));
        let refused = Headers::find(|name| (name != missing).then_some("x"));
        assert_eq!(refused, Err(VerifyError::MissingHeader { name: missing }));
    }
}

#[test]
fn one_that_comes_twice_must_say_the_same() {
    let once = [
        ("webhook-id", ID),
        ("webhook-timestamp", TIMESTAMP),
        ("webhook-signature", SIGNATURE),
    ];
    for (name, value) in once {
        let repeated = once.into_iter().chain([(name, value)]);
        assert_eq!(Headers::from_pairs(repeated), Ok(headers(SIGNATURE)));
        for at_front in [true, false] {
            let mut pairs = once.to_vec();
            pairs.insert(if at_front { 0 } else { 3 }, (name, "something else"));
            let refused = Headers::from_pairs(pairs);
            assert_eq!(refused, Err(VerifyError::MalformedHeader { name }));
        }
    }
}

#[test]
fn hostile_headers_are_named_and_harm_nobody() {
    let long = "9".repeat(2_049);
    let many = "v1,AAAA ".repeat(10_000);
    let of_id = ["", " ", "\t", &long];
    let of_timestamp = [
        "",
        " ",
        "soon",
        "1767225600.5",
        "1e9",
        " 1767225600",
        "1767225600 ",
        "0x69559d00",
        "-",
        "+",
        "99999999999999999999",
        "9223372036854775807",
        "-9223372036854775808",
        "253402300800",
        "\u{661}\u{667}\u{666}\u{667}",
        "1767225600\0",
        "NaN",
        "inf",
        &long,
    ];
    let of_signature = [
        "",
        " ",
        "v1",
        "v1,",
        "v1,***",
        "v2,AAAA",
        "v1a,AAAA",
        ",",
        "v1;AAAA",
        "AAAA",
        "V1,AAAA",
        "v1,A",
        "v1,AAA=A",
        "v1,====",
        "v1,\u{0}",
        "v1,\u{1f980}",
        ",v1,AAAA",
        "v1,AAAA,AAAA",
        &many,
        &long,
    ];
    let table = [
        ("webhook-id", &of_id[..]),
        ("webhook-timestamp", &of_timestamp[..]),
        ("webhook-signature", &of_signature[..]),
    ];
    for (name, values) in table {
        for value in values {
            let mut hostile = headers(SIGNATURE);
            *match name {
                "webhook-id" => &mut hostile.id,
                "webhook-timestamp" => &mut hostile.timestamp,
                _ => &mut hostile.signature,
            } = value;
            let malformed = VerifyError::MalformedHeader { name };
            assert_eq!(malformed.status(), 400);
            assert_eq!(hostile.well_formed(), Err(malformed.clone()), "{value:?}");
            let refused = verifier().verify(&hostile, BODY, now());
            assert_eq!(refused, Err(malformed), "{value:?}");
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_malformed() {
    let id: &[u8] = b"\xff\xfe";
    let pairs = [
        ("webhook-id", id),
        ("webhook-timestamp", TIMESTAMP.as_bytes()),
        ("webhook-signature", SIGNATURE.as_bytes()),
    ];
    let refused = Headers::from_pairs(pairs);
    assert_eq!(
        refused,
        Err(VerifyError::MalformedHeader { name: "webhook-id" })
    );
}

#[test]
fn only_the_first_sixteen_signatures_are_looked_at() {
    let with_decoys = |decoys: usize| "v1,AAAA ".repeat(decoys) + SIGNATURE;
    let verify = |decoys| verifier().verify(&headers(&with_decoys(decoys)), BODY, now());
    assert!(verify(15).is_ok());
    assert_eq!(verify(16), Err(VerifyError::BadSignature));
}

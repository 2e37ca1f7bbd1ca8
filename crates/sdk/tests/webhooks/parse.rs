//! What a verified body says, and what is left when it can't be read.

use polarkit::webhooks::{self, Event, ParseError, Scheme, Verifier, sign};

use super::signature::{ID, SECRET, headers, now};

fn unread(body: &'static str) -> ParseError {
    let error = webhooks::parse(body).unwrap_err();
    assert_eq!(&error.body()[..], body.as_bytes());
    error
}

#[test]
fn a_type_newer_than_us_is_kept() {
    let body = r#"{"type":"moon.landed","timestamp":"2026-01-01T00:00:00Z","api_version":"2031-01","data":{"crew":3}}"#;
    let delivery = webhooks::parse(body).unwrap();
    assert_eq!(delivery.event.kind(), "moon.landed");
    assert_eq!(delivery.timestamp, now());
    assert_eq!(delivery.api_version.as_deref(), Some("2031-01"));
    assert_eq!(&delivery.body[..], body.as_bytes());
    let Event::Unrecognized { data, .. } = delivery.event else {
        panic!("kept")
    };
    assert_eq!(data["crew"], 3);
}

#[test]
fn a_type_we_know_with_data_we_do_not_is_an_error_that_has_it_all() {
    let error = unread(
        r#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{"id":1,"amount":5}}"#,
    );
    assert_eq!(error.kind(), Some("order.paid"));
    assert_eq!(error.timestamp(), Some(now()));
    assert_eq!(error.data().unwrap()["amount"], 5);
    assert!(error.problem().path().starts_with("data"), "{error:?}");
    assert!(error.to_string().contains("order.paid"));
}

#[test]
fn what_can_be_read_of_a_spoilt_envelope_is_read() {
    let table: [(&str, Option<&str>, bool); 9] = [
        (
            r#"{"type":"order.paid","data":{}}"#,
            Some("order.paid"),
            false,
        ),
        (
            r#"{"type":"order.paid","timestamp":7,"data":{}}"#,
            Some("order.paid"),
            false,
        ),
        (
            r#"{"type":7,"timestamp":"2026-01-01T00:00:00Z"}"#,
            None,
            true,
        ),
        (
            r#"{"timestamp":"2026-01-01T00:00:00Z","data":null}"#,
            None,
            true,
        ),
        (
            r#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z""#,
            None,
            false,
        ),
        ("[]", None, false),
        ("null", None, false),
        ("not json", None, false),
        ("", None, false),
    ];
    for (body, kind, has_timestamp) in table {
        let error = unread(body);
        assert_eq!(error.kind(), kind, "{body}");
        assert_eq!(error.timestamp().is_some(), has_timestamp, "{body}");
    }
}

#[test]
fn depth_without_end_is_an_error_that_still_knows_its_type() {
    let depth = 100_000;
    let body = format!(
        r#"{{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{}{}}}"#,
        "[".repeat(depth),
        "]".repeat(depth)
    );
    let error = webhooks::parse(body).unwrap_err();
    assert_eq!(error.kind(), Some("order.paid"));
    assert_eq!(error.data(), None);
}

#[test]
fn an_error_does_not_print_whom_it_is_about() {
    let error = unread(
        r#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{"billing_name":"Ada Lovelace"}}"#,
    );
    let said = format!("{error} {error:?} {}", error.problem());
    assert!(!said.contains("Ada"), "{said}");
}

#[test]
fn a_genuine_delivery_is_received_whether_or_not_it_can_be_read() {
    let verifier = Verifier::new([SECRET]).unwrap();
    for (body, kind) in [
        (
            r#"{"type":"moon.landed","timestamp":"2026-01-01T00:00:00Z","data":{}}"#,
            Some("moon.landed"),
        ),
        (
            r#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{}}"#,
            Some("order.paid"),
        ),
        ("not json", None),
    ] {
        let signature = sign(
            &SECRET.into(),
            Scheme::WholeSecret,
            ID,
            now(),
            body.as_bytes(),
        )
        .unwrap();
        let webhook = verifier.receive(&headers(&signature), body, now()).unwrap();
        assert_eq!(webhook.verified.id, ID);
        assert_eq!(webhook.kind(), kind);
        assert_eq!(&webhook.body()[..], body.as_bytes());
        assert!(verifier.receive(&headers("v1,AAAA"), body, now()).is_err());
    }
}

//! Signs and verifies for another program: one JSON question per line in, one answer per line out.
//!
//! It is how this crate is held against other implementations of the same signatures.
//!
//! ```text
//! {"sign":{"secret":"whsec_…","scheme":"whole","id":"msg_1","timestamp":1767225600,"body":"{}"}}
//! {"verify":{"secrets":["whsec_…"],"headers":{"webhook-id":"msg_1"},"body":"{}","now":1767225600}}
//! ```

use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufRead as _, Write as _, stdin, stdout},
};

use polarkit::{
    Secret, Timestamp,
    webhooks::{self, Headers, Scheme, Verifier},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Question {
    Sign {
        secret: String,
        scheme: String,
        id: String,
        timestamp: i64,
        body: String,
    },
    Verify {
        secrets: Vec<String>,
        headers: BTreeMap<String, String>,
        body: String,
        now: i64,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in stdin().lock().lines() {
        let answer = answer(serde_json::from_str(&line?)?)
            .unwrap_or_else(|refused| json!({ "refused": refused.to_string() }));
        writeln!(stdout(), "{answer}")?;
    }
    Ok(())
}

fn answer(question: Question) -> Result<Value, Box<dyn Error>> {
    match question {
        Question::Sign {
            secret,
            scheme,
            id,
            timestamp,
            body,
        } => {
            let scheme = match scheme.as_str() {
                "decoded" => Scheme::Decoded,
                _ => Scheme::WholeSecret,
            };
            let timestamp = Timestamp::from_second(timestamp)?;
            let secret = Secret::from(secret);
            let signature = webhooks::sign(&secret, scheme, &id, timestamp, body.as_bytes())?;
            Ok(json!({ "signature": signature }))
        }
        Question::Verify {
            secrets,
            headers,
            body,
            now,
        } => {
            let headers = Headers::from_pairs(&headers)?;
            let now = Timestamp::from_second(now)?;
            let webhook = Verifier::new(secrets)?.receive(&headers, body, now)?;
            Ok(json!({
                "secret": webhook.verified.secret,
                "scheme": match webhook.verified.scheme {
                    Scheme::Decoded => "decoded",
                    _ => "whole",
                },
                "kind": webhook.kind(),
                "problem": webhook.delivery.err().map(|unread| unread.problem().to_string()),
            }))
        }
    }
}

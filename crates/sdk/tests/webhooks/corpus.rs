//! Deliveries of the sandbox as they came over the wire: each is genuine, and each is understood.

use std::collections::BTreeMap;

use polarkit::{
    Timestamp,
    webhooks::{Delivery, Headers, Verifier},
};
use serde::Deserialize;

/// A delivery that was written down.
#[derive(Deserialize)]
pub(crate) struct Recorded {
    pub(crate) r#type: String,
    #[serde(default)]
    pub(crate) secret: String,
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(alias = "raw_body")]
    pub(crate) body: String,
}

impl Recorded {
    /// What it says, once it was verified at the moment it was sent.
    pub(crate) fn received(&self) -> Delivery {
        let verifier = Verifier::new([self.secret.as_str()]).unwrap();
        let headers = Headers::from_pairs(&self.headers).unwrap();
        let sent_at = Timestamp::from_second(headers.timestamp.parse().unwrap()).unwrap();
        let webhook = verifier.receive(&headers, self.body.clone(), sent_at);
        let webhook = webhook.unwrap_or_else(|refused| panic!("{}: {refused}", self.r#type));
        let delivery = webhook.delivery;
        delivery.unwrap_or_else(|unread| panic!("{unread}: {}", unread.problem()))
    }
}

/// Nothing in it was new to us, neither its type nor a word or a branch far below.
pub(crate) fn nothing_is_unrecognized(delivery: &Delivery) {
    let shown = format!("{delivery:?}");
    let met = shown
        .find("Unrecognized")
        .map(|at| &shown[at..shown.len().min(at + 200)]);
    assert_eq!(met, None, "{}", delivery.event.kind());
}

#[test]
fn what_the_sandbox_delivered_is_genuine_and_understood() {
    let corpus: Vec<Recorded> = serde_json::from_str(include_str!("corpus.json")).unwrap();
    assert_eq!(corpus.len(), 29);
    for recorded in corpus {
        let delivery = recorded.received();
        assert_eq!(delivery.event.kind(), recorded.r#type);
        nothing_is_unrecognized(&delivery);
    }
}

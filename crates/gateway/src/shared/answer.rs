//! What Polar answered another node, for as long as nothing changed.
//!
//! An answer keeps when it was asked for and whom it is about; a change keeps when it was announced.
//! What was asked for before a change is never given again, however late it was written down.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Shared;
use super::announcement::CHANGE_KEPT_MS;

/// Since when changes are remembered.
pub(super) const EPOCH: &str = "epoch";
/// When something changed.
pub(super) const CHANGED: &str = "changed";
/// Largest answer that is shared.
const BYTES_MAX: usize = 16 * 1024;

static RECALL: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("recall.lua")));
static REMEMBER: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("remember.lua")));

/// What the other nodes know.
#[derive(Debug)]
pub(crate) enum Recalled<T> {
    /// This was the answer.
    Answer(T),
    /// Nothing; here is when Polar is asked, to be handed over with the answer.
    Nothing(AskedAt),
    /// Redis is away.
    Alone,
}

/// When Polar was asked, by the clock of Redis.
#[derive(Debug, Clone)]
pub(crate) struct AskedAt(String);

impl Shared {
    /// What Polar answered to this question, which no one can read from its name in Redis.
    pub(crate) async fn recall<T: DeserializeOwned>(&self, question: &str) -> Recalled<T> {
        let Some(node) = &self.0 else {
            return Recalled::Alone;
        };
        let mut call = RECALL.key(node.link.hashed_key("answer", question));
        call.key(node.link.key(EPOCH)).arg(CHANGE_KEPT_MS);
        let asked = node
            .link
            .ask(async |redis| call.invoke_async::<Vec<String>>(redis).await);
        let Some(found) = asked.await else {
            return Recalled::Alone;
        };
        let mut found = found.into_iter();
        let now = found.next().unwrap_or_default();
        // What another version wrote and this one can't read is asked for anew.
        let answer = found
            .next()
            .and_then(|text| serde_json::from_str(&text).ok());
        answer.map_or(Recalled::Nothing(AskedAt(now)), Recalled::Answer)
    }

    /// Keeps an answer for the other nodes until one of those it is about changes.
    pub(crate) async fn remember<T: Serialize + Sync>(
        &self,
        question: &str,
        asked_at: AskedAt,
        answer: &T,
        (about, kept): (&[&str], Duration),
    ) {
        let Some(node) = &self.0 else { return };
        let text = match serde_json::to_string(answer) {
            Ok(text) if text.len() <= BYTES_MAX => text,
            _ => return,
        };
        let about = about.iter().map(|name| node.link.hashed_key(CHANGED, name));
        let about = about.collect::<Vec<_>>().join(" ");
        let mut call = REMEMBER.key(node.link.hashed_key("answer", question));
        let kept = u64::try_from(kept.as_millis()).unwrap_or_default();
        call.arg(asked_at.0).arg(about).arg(text).arg(kept);
        let told = node
            .link
            .ask(async |redis| call.invoke_async::<i64>(redis).await);
        // Then the others ask Polar themselves.
        let _lost = told.await;
    }
}

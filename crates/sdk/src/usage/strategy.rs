//! Usage in the shapes of Polar's own ingestion helpers, so that meters made for those count ours.

use std::time::{Duration, Instant};

use polarkit_model::FreeForm;
use serde_json::json;

use super::{LlmUsage, UsageEvent};

/// What was used, in one of the shapes Polar's own helpers write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// A language model was called.
    Llm(LlmUsage),
    /// Bytes went by.
    Stream {
        /// How many.
        bytes: u64,
    },
    /// An object was stored, or read.
    S3 {
        /// Its size.
        bytes: u64,
        /// Where it lies.
        bucket: Option<String>,
        /// What it is called there.
        key: Option<String>,
        /// Its media type.
        content_type: Option<String>,
    },
    /// Something took a while.
    DeltaTime {
        /// How long; told in milliseconds.
        elapsed: Duration,
    },
}

impl Strategy {
    /// The metadata of an event of this shape.
    pub fn metadata(&self) -> FreeForm {
        let value = match self {
            Self::Llm(usage) => return usage.metadata(),
            Self::Stream { bytes } => json!({"bytes": bytes, "strategy": "Stream"}),
            Self::S3 {
                bytes,
                bucket,
                key,
                content_type,
            } => json!({
                "bytes": bytes, "bucket": bucket, "key": key, "contentType": content_type,
                "strategy": "S3",
            }),
            Self::DeltaTime { elapsed } => {
                let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
                json!({"deltaTime": milliseconds, "strategy": "DeltaTime"})
            }
        };
        let fields = value.as_object().into_iter().flatten();
        let told = fields.filter(|(_, value)| !value.is_null());
        told.map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

impl From<LlmUsage> for Strategy {
    fn from(usage: LlmUsage) -> Self {
        Self::Llm(usage)
    }
}

impl UsageEvent {
    /// Adds what was used, as Polar's own ingestion helpers write it.
    ///
    /// ```
    /// use polarkit::usage::{LlmUsage, Stopwatch, Strategy, UsageEvent};
    ///
    /// let call = LlmUsage::new("anthropic", "claude-x", 1_200, 340).cached(1_000);
    /// let asked = UsageEvent::new("assistant", "u_42").strategy(call);
    ///
    /// let watch = Stopwatch::start();
    /// let rendered = UsageEvent::new("render", "u_42").strategy(watch.stop());
    ///
    /// let sent = UsageEvent::new("download", "u_42").strategy(Strategy::Stream { bytes: 52_428_800 });
    /// # drop((asked, rendered, sent));
    /// ```
    pub fn strategy(mut self, strategy: impl Into<Strategy>) -> Self {
        self.metadata.extend(strategy.into().metadata());
        self
    }
}

/// Measures how long something takes.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// From now on.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Until now; it may be asked again.
    pub fn stop(&self) -> Strategy {
        Strategy::DeltaTime {
            elapsed: self.0.elapsed(),
        }
    }
}

//! What a language model's answer says it took, in the words of OpenAI and of Anthropic.

use polarkit_model::FreeForm;
use serde_json::{Map, Value, json};

use super::check::TEXT_CHARS_MAX;

/// What is said where an answer names no model: Polar wants one.
const UNKNOWN: &str = "unknown";

/// Tokens that one call of a language model took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LlmUsage {
    /// Who runs the model, such as `openai`.
    pub vendor: String,
    /// The model, as the vendor calls it.
    pub model: String,
    /// All that was read, from a cache or not.
    pub input_tokens: u64,
    /// What of it came from a cache, where the vendor tells.
    pub cached_input_tokens: Option<u64>,
    /// All that was written.
    pub output_tokens: u64,
}

impl LlmUsage {
    /// Tokens read and written; [`cached`](Self::cached) adds what came from a cache.
    pub fn new(
        vendor: impl Into<String>,
        model: impl Into<String>,
        input_tokens: u64,
        output_tokens: u64,
    ) -> Self {
        Self {
            vendor: vendor.into(),
            model: model.into(),
            input_tokens,
            cached_input_tokens: None,
            output_tokens,
        }
    }

    /// How many of the tokens that were read came from a cache.
    #[must_use]
    pub fn cached(mut self, cached_input_tokens: u64) -> Self {
        self.cached_input_tokens = Some(cached_input_tokens);
        self
    }

    /// All of them.
    pub const fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// As Polar's own helper writes it, for meters; and as `_llm`, for Polar's views of costs.
    pub(super) fn metadata(&self) -> FreeForm {
        let (vendor, model) = (text(&self.vendor), text(&self.model));
        let mut llm = Map::new();
        llm.insert("vendor".to_owned(), vendor.clone());
        llm.insert("model".to_owned(), model.clone());
        llm.insert("input_tokens".to_owned(), self.input_tokens.into());
        if let Some(cached) = self.cached_input_tokens {
            llm.insert("cached_input_tokens".to_owned(), cached.into());
        }
        llm.insert("output_tokens".to_owned(), self.output_tokens.into());
        llm.insert("total_tokens".to_owned(), self.total_tokens().into());
        let metadata = json!({
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "cachedInputTokens": self.cached_input_tokens.unwrap_or_default(),
            "totalTokens": self.total_tokens(),
            "model": model,
            "provider": vendor,
            "strategy": "LLM",
            "_llm": llm,
        });
        match metadata {
            Value::Object(metadata) => metadata,
            _ => FreeForm::new(),
        }
    }
}

/// A text Polar takes: not empty, and not too long.
fn text(text: &str) -> Value {
    let kept: String = text.chars().take(TEXT_CHARS_MAX).collect();
    if kept.trim().is_empty() {
        return UNKNOWN.into();
    }
    kept.into()
}

/// Reads a model's answer, whole or in the events of a stream, for the usage it tells.
///
/// It knows OpenAI's chat completions, responses and embeddings, Anthropic's messages, and what
/// others made like them.
///
/// ```
/// use polarkit::usage::LlmReading;
/// use serde_json::json;
///
/// let mut reading = LlmReading::default();
/// reading.take(&json!({"model": "gpt-x", "usage": {"prompt_tokens": 9, "completion_tokens": 12}}));
/// assert_eq!(reading.usage().unwrap().total_tokens(), 21);
/// ```
#[derive(Debug, Clone, Default)]
pub struct LlmReading {
    model: Option<String>,
    /// Anthropic's answers say what they are.
    is_anthropic: bool,
    input: Option<u64>,
    output: Option<u64>,
    /// Part of the input (OpenAI).
    cached: Option<u64>,
    /// Beside the input (Anthropic).
    cache_read: Option<u64>,
    cache_written: Option<u64>,
}

impl LlmReading {
    /// An answer, or an event of its stream. What later events say replaces what earlier ones
    /// said: their counts go up.
    pub fn take(&mut self, event: &Value) {
        let kind = event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        self.is_anthropic |= matches!(kind, "message" | "message_start" | "message_delta");
        // Anthropic's first event and OpenAI's last hold the answer one level deeper.
        let deeper = ["message", "response"].map(|key| event.get(key));
        for answer in [Some(event)].into_iter().chain(deeper).flatten() {
            if let Some(model) = answer.get("model").and_then(Value::as_str) {
                self.model = Some(model.to_owned());
            }
            if let Some(usage) = answer.get("usage").and_then(Value::as_object) {
                self.count(usage);
            }
        }
    }

    fn count(&mut self, usage: &Map<String, Value>) {
        let number = |key: &str| usage.get(key).and_then(Value::as_u64);
        let cached = |key: &str| usage.get(key)?.get("cached_tokens")?.as_u64();
        let newer = |field: &mut Option<u64>, said: Option<u64>| *field = said.or(*field);
        newer(
            &mut self.input,
            number("prompt_tokens").or(number("input_tokens")),
        );
        newer(
            &mut self.output,
            number("completion_tokens").or(number("output_tokens")),
        );
        newer(
            &mut self.cached,
            cached("prompt_tokens_details").or(cached("input_tokens_details")),
        );
        newer(&mut self.cache_read, number("cache_read_input_tokens"));
        newer(
            &mut self.cache_written,
            number("cache_creation_input_tokens"),
        );
    }

    /// What was told so far; nothing when no answer told anything.
    pub fn usage(&self) -> Option<LlmUsage> {
        self.input.or(self.output)?;
        let read = self.cache_read.unwrap_or_default();
        let beside = read.saturating_add(self.cache_written.unwrap_or_default());
        Some(LlmUsage {
            vendor: if self.is_anthropic {
                "anthropic"
            } else {
                "openai"
            }
            .to_owned(),
            model: self.model.clone().unwrap_or_else(|| UNKNOWN.to_owned()),
            input_tokens: self.input.unwrap_or_default().saturating_add(beside),
            cached_input_tokens: self.cached.or(self.cache_read),
            output_tokens: self.output.unwrap_or_default(),
        })
    }
}

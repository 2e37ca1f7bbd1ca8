//! The shapes of Polar's own ingestion helpers.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use polarkit::usage::{CountedBytes, LlmReading, LlmUsage, Strategy, UsageEvent};
use serde_json::{Value, json};

use super::shape::sent;

#[tokio::test(start_paused = true)]
async fn each_strategy_has_the_shape_of_polars_helper() {
    let call = LlmUsage::new("anthropic", "claude-x", 1_200, 340).cached(1_000);
    let object = Strategy::S3 {
        bytes: 5,
        bucket: Some("files".to_owned()),
        key: Some("a/b.png".to_owned()),
        content_type: None,
    };
    let elapsed = Duration::from_micros(1_250_900);
    let sent = sent(|usage| {
        for (name, strategy) in [
            ("llm", call.clone().into()),
            ("stream", Strategy::Stream { bytes: 7 }),
            ("s3", object.clone()),
            ("time", Strategy::DeltaTime { elapsed }),
        ] {
            let event = UsageEvent::new(name, "u_42").strategy(strategy);
            assert!(usage.track(event).is_accepted());
        }
    })
    .await;
    assert_eq!(
        sent["llm"]["metadata"],
        json!({
            "inputTokens": 1_200, "outputTokens": 340, "cachedInputTokens": 1_000,
            "totalTokens": 1_540, "model": "claude-x", "provider": "anthropic", "strategy": "LLM",
            "_llm": {
                "vendor": "anthropic", "model": "claude-x", "input_tokens": 1_200,
                "cached_input_tokens": 1_000, "output_tokens": 340, "total_tokens": 1_540,
            },
        })
    );
    assert_eq!(
        sent["stream"]["metadata"],
        json!({"bytes": 7, "strategy": "Stream"})
    );
    assert_eq!(
        sent["s3"]["metadata"],
        json!({"bytes": 5, "bucket": "files", "key": "a/b.png", "strategy": "S3"})
    );
    assert_eq!(
        sent["time"]["metadata"],
        json!({"deltaTime": 1_250, "strategy": "DeltaTime"})
    );
}

fn read(events: &[Value]) -> Option<LlmUsage> {
    let mut reading = LlmReading::default();
    for event in events {
        reading.take(event);
    }
    reading.usage()
}

#[test]
fn both_vendors_count_what_came_from_a_cache_as_input() {
    let openai = json!({"object": "chat.completion", "model": "gpt-x", "usage": {
        "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 64},
    }});
    let anthropic = json!({"type": "message", "model": "claude-x", "usage": {
        "input_tokens": 16, "cache_read_input_tokens": 64, "cache_creation_input_tokens": 20,
        "output_tokens": 20,
    }});
    for (answer, vendor, model) in [
        (openai, "openai", "gpt-x"),
        (anthropic, "anthropic", "claude-x"),
    ] {
        let expected = LlmUsage::new(vendor, model, 100, 20).cached(64);
        assert_eq!(read(&[answer]), Some(expected));
    }
}

#[test]
fn counts_of_a_stream_replace_each_other_and_nulls_say_nothing() {
    let anthropic = [
        json!({"type": "message_start", "message": {"model": "claude-x",
            "usage": {"input_tokens": 25, "output_tokens": 1}}}),
        json!({"type": "message_delta", "usage": {"output_tokens": 9}}),
        json!({"type": "message_delta", "usage": {"output_tokens": 15}}),
    ];
    let expected = LlmUsage::new("anthropic", "claude-x", 25, 15);
    assert_eq!(read(&anthropic), Some(expected));
    let openai = [
        json!({"model": "gpt-x", "usage": null}),
        json!({"model": "gpt-x", "usage": {"prompt_tokens": 4, "total_tokens": 4}}),
        json!({"model": "gpt-x", "usage": null}),
    ];
    let expected = LlmUsage::new("openai", "gpt-x", 4, 0);
    assert_eq!(read(&openai), Some(expected));
    assert_eq!(read(&[json!({"error": {"message": "overloaded"}})]), None);
}

#[tokio::test]
async fn bytes_are_told_once_also_by_who_leaves_but_not_by_what_breaks() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let counted = |chunks: Vec<Result<&'static str, &'static str>>| {
        let told = Arc::clone(&told);
        CountedBytes::new(stream::iter(chunks), move |bytes| {
            told.lock().unwrap().push(bytes);
        })
    };
    let whole = counted(vec![Ok("abc"), Ok("de")]);
    assert_eq!(whole.collect::<Vec<_>>().await.len(), 2);
    let mut left = counted(vec![Ok("abc"), Ok("de")]);
    left.next().await;
    drop(left);
    let broken = counted(vec![Ok("abc"), Err("gone")]);
    assert_eq!(broken.collect::<Vec<_>>().await.len(), 2);
    assert_eq!(*told.lock().unwrap(), [5, 3]);
}

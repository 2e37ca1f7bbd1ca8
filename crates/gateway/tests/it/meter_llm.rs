//! Language models behind the metering proxy: their tokens are read as they pass.

use reqwest::Method;
use serde_json::{Value, json};

use crate::metered::Metered;

const RULES: &str = r#"
    [[rule]]
    path = "/v1/model"
    kind = "llm"
    event = "assistant"
    include_usage = true

    [[rule]]
    path = "/live"
    kind = "llm"
    event = "assistant"
"#;

const OPENAI: &str = r#"{"id":"c","object":"chat.completion","model":"gpt-x","choices":[{"message":{"role":"assistant","content":"Hi"}}],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":4}}}"#;

const OPENAI_STREAM: &str = concat!(
    "data: {\"model\":\"gpt-x\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}],\"usage\":null}\n\n",
    "data: {\"model\":\"gpt-x\",\"choices\":[],\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":10,\"total_tokens\":29,\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n",
    "data: [DONE]\n\n",
);

const ANTHROPIC_BEGINS: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"type\":\"message\",\"model\":\"claude-x\",\"usage\":{\"input_tokens\":19,\"cache_read_input_tokens\":0,\"output_tokens\":1}}}\n\n";
const ANTHROPIC_ENDS: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":10}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

fn metadata(vendor: &str, model: &str, cached: u64, output: u64) -> Value {
    let total = 19 + output;
    json!({
        "inputTokens": 19, "outputTokens": output, "cachedInputTokens": cached,
        "totalTokens": total, "model": model, "provider": vendor, "strategy": "LLM",
        "_llm": {"vendor": vendor, "model": model, "input_tokens": 19,
            "cached_input_tokens": cached, "output_tokens": output, "total_tokens": total},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_read_of_answers_whole_and_streamed() {
    let metered = Metered::ruled(RULES, &[]).await;
    for (media, text) in [
        ("application/json", OPENAI),
        ("text/event-stream", OPENAI_STREAM),
    ] {
        *metered.app.model.lock().unwrap() = (media, text);
        let ask = json!({"model": "gpt-x", "stream": media != "application/json", "messages": [],
            "stream_options": {"include_usage": false}, "top_p": 0.1});
        let call = metered.of("u_1", Method::POST, "/v1/model").json(&ask);
        let answer = call.header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), text, "it passes untouched");
        assert_eq!(metered.app.last().1["accept-encoding"], "identity");
        let asked = metered.app.asked.lock().unwrap().clone();
        let told = media == "text/event-stream";
        assert_eq!(
            asked["stream_options"]["include_usage"], told,
            "nobody opts out of being counted"
        );
        assert_eq!(asked["top_p"], 0.1);
    }
    for event in metered.delivered(2).await {
        assert_eq!(event["name"], "assistant");
        assert_eq!(event["metadata"], metadata("openai", "gpt-x", 4, 10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_before_the_usage_is_told_is_counted_all_the_same() {
    let metered = Metered::ruled(RULES, &[]).await;
    let give = metered.app.live();
    let mut answer = metered.get("u_1", "/live").await;
    give.send(Ok(ANTHROPIC_BEGINS.into())).await.unwrap();
    answer.chunk().await.unwrap().unwrap();
    drop(answer);
    give.send(Ok(ANTHROPIC_ENDS.into())).await.unwrap();
    drop(give);
    let event = &metered.delivered(1).await[0];
    assert_eq!(event["metadata"]["outputTokens"], 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_may_let_go_of_a_stream_and_count_what_was_told() {
    let rules = RULES.replace(
        "path = \"/live\"",
        "path = \"/live\"\n    read_on = false\n    vendor = \"mistral\"",
    );
    let metered = Metered::ruled(&rules, &[]).await;
    let give = metered.app.live();
    let mut answer = metered.get("u_1", "/live").await;
    let text = ANTHROPIC_BEGINS.replace("{}", "");
    give.send(Ok(text.into())).await.unwrap();
    answer.chunk().await.unwrap().unwrap();
    drop(answer);
    metered.app.left.notified().await;
    let event = &metered.delivered(1).await[0];
    assert_eq!(event["metadata"]["outputTokens"], 1);
    assert_eq!(event["metadata"]["provider"], "mistral");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_tells_nothing_passes_and_is_told_to_the_operator() {
    let metered = Metered::ruled(RULES, &[]).await;
    *metered.app.model.lock().unwrap() = ("application/json", r#"{"error":null}"#);
    let call = metered
        .of("u_1", Method::POST, "/v1/model")
        .body("not JSON");
    let answer = call.send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), r#"{"error":null}"#);
    assert_eq!(metered.durable().await, 0);
    let text = metered.world.get("/metrics").await.body.to_string();
    assert!(
        text.contains("polarkit_metered_total{outcome=\\\"unread\\\"} 1"),
        "{text}"
    );
}

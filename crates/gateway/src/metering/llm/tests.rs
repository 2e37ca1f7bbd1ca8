//! Answers as vendors write them, in any pieces.

use http::HeaderValue;
use proptest::prelude::*;

use super::*;

const OPENAI_CHAT: &str = r#"{
  "id": "chatcmpl-1", "object": "chat.completion", "created": 1741569952, "model": "gpt-x-2026",
  "choices": [{"index": 0, "message": {"role": "assistant", "content": "He said \"usage\": {\"prompt_tokens\": 1} \\", "model": "m", "usage": {"prompt_tokens": 7}},
    "finish_reason": "stop"}],
  "usage": {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 4}},
  "service_tier": "default", "system_fingerprint": null}"#;

const OPENAI_STREAM: &str = concat!(
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-x\",\"choices\":[{\"delta\":{\"content\":\"data: {\\n\"}}],\"usage\":null}\n\n",
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-x\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n",
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-x\",\"choices\":[],\"usage\":{\"prompt_tokens\":21,\"completion_tokens\":5,\"total_tokens\":26}}\n\n",
    "data: [DONE]\n\n",
);

const OPENAI_RESPONSES: &str = concat!(
    "event: response.created\r\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"model\":\"gpt-y\",\"usage\":null,\"output\":[]}}\r\n\r\n",
    "event: response.output_text.delta\r\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi \\u007b\"}\r\n\r\n",
    "event: response.completed\r\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"output\":[{\"content\":[{\"text\":\"Hi\"}]}],\"model\":\"gpt-y\",\"usage\":{\"input_tokens\":37,\"input_tokens_details\":{\"cached_tokens\":30},\"output_tokens\":11,\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":48},\"user\":null}}\r\n\r\n",
);

const OPENAI_EMBEDDING: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.002,-0.009]}],"model":"embed-3","usage":{"prompt_tokens":8,"total_tokens":8}}"#;

const ANTHROPIC: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-x",
  "content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,
  "usage":{"input_tokens":12,"cache_creation_input_tokens":100,"cache_read_input_tokens":200,"output_tokens":6,"service_tier":"standard"}}"#;

const ANTHROPIC_STREAM: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"claude-x\",\"stop_reason\":null,\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":0,\"output_tokens\":1}}}\n\n",
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    ": a comment\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"\\\"usage\\\":{\"}}\n\n",
    "event: broken\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":999\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\ndata: \"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":15}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

const JSON: &str = "application/json; charset=utf-8";
const EVENTS: &str = "text/event-stream";

fn samples() -> [(&'static str, &'static str, LlmUsage); 6] {
    let usage = LlmUsage::new;
    [
        (
            JSON,
            OPENAI_CHAT,
            usage("openai", "gpt-x-2026", 19, 10).cached(8),
        ),
        (EVENTS, OPENAI_STREAM, usage("openai", "gpt-x", 21, 5)),
        (
            EVENTS,
            OPENAI_RESPONSES,
            usage("openai", "gpt-y", 37, 11).cached(30),
        ),
        (JSON, OPENAI_EMBEDDING, usage("openai", "embed-3", 8, 0)),
        (
            JSON,
            ANTHROPIC,
            usage("anthropic", "claude-x", 312, 6).cached(200),
        ),
        (
            EVENTS,
            ANTHROPIC_STREAM,
            usage("anthropic", "claude-x", 25, 15).cached(0),
        ),
    ]
}

fn reader(media: &'static str) -> Reader {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    Reader::of(&headers)
}

fn read<'a>(media: &'static str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<LlmUsage> {
    let mut reader = reader(media);
    for piece in pieces {
        reader.take(piece);
    }
    reader.usage()
}

#[test]
fn split_in_two_anywhere_it_tells_the_same() {
    for (media, text, expected) in samples() {
        for at in 0..=text.len() {
            let (first, second) = text.as_bytes().split_at(at);
            assert_eq!(
                read(media, [first, second]),
                Some(expected.clone()),
                "{at} {text}"
            );
        }
    }
}

proptest! {
    #[test]
    fn in_any_pieces_it_tells_the_same(
        which in 0_usize..6,
        sizes in proptest::collection::vec(1_usize..40, 1..200),
    ) {
        let (media, text, expected) = samples()[which].clone();
        let mut rest = text.as_bytes();
        let mut pieces = Vec::new();
        for size in sizes {
            let (piece, further) = rest.split_at(size.min(rest.len()));
            pieces.push(piece);
            rest = further;
        }
        pieces.push(rest);
        prop_assert_eq!(read(media, pieces), Some(expected));
    }

    #[test]
    fn nothing_a_server_sends_breaks_the_reader(
        bytes in proptest::collection::vec(
            proptest::sample::select(b"{}[]\",:\\ \r\ndata: usage model message 17".to_vec()), 0..400),
    ) {
        for media in [JSON, EVENTS] {
            read(media, [bytes.as_slice()]);
        }
    }
}

#[test]
fn however_long_an_answer_is_its_usage_is_found() {
    let text = "\\\"usage\\\": é ".repeat(100_000);
    let long = OPENAI_CHAT.replace("He said", &text);
    let usage = read(JSON, [long.as_bytes()]).unwrap();
    assert_eq!(usage.total_tokens(), 29);
}

#[test]
fn what_tells_nothing_says_so() {
    let without = OPENAI_STREAM.replace("\"usage\":{", "\"used\":{");
    assert_eq!(read(EVENTS, [without.as_bytes()]), None);
    let huge = format!(
        r#"{{"usage":{{"note":"{}","prompt_tokens":1}}}}"#,
        "x".repeat(10_000)
    );
    assert_eq!(
        read(JSON, [huge.as_bytes()]),
        None,
        "what is kept has a bound"
    );
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    let mut compressed = Reader::of(&headers);
    compressed.take(OPENAI_CHAT.as_bytes());
    assert_eq!(compressed.usage(), None);
}

//! Request bodies: counted as they go in, or asked to have their answer tell its usage.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http_body::{Body as HttpBody, Frame, SizeHint};
use serde_json::{Value, json};

/// A question to a language model that is longer goes in as it is.
const QUESTION_BYTES_MAX: usize = 8 << 20;

/// How much of a body went in. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent(Arc<Progress>);

#[derive(Debug, Default)]
struct Progress {
    bytes: AtomicU64,
    whole: AtomicBool,
}

impl Sent {
    pub(super) fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Whether all of it went in.
    pub(super) fn is_whole(&self) -> bool {
        self.0.whole.load(Ordering::Relaxed)
    }
}

/// A body, and how much of it goes in.
pub(super) fn counted(inner: Body) -> (Sent, Body) {
    let sent = Sent::default();
    if inner.is_end_stream() {
        sent.0.whole.store(true, Ordering::Relaxed);
        return (sent, inner);
    }
    let body = CountedBody {
        inner,
        sent: sent.clone(),
    };
    (sent, Body::new(body))
}

struct CountedBody {
    inner: Body,
    sent: Sent,
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(data)) = frame
            .as_ref()
            .map(|frame| frame.as_ref().map(Frame::data_ref))
        {
            let bytes = data.map_or(0, Bytes::len).try_into().unwrap_or_default();
            self.sent.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        if frame.is_none() || self.inner.is_end_stream() {
            self.sent.0.whole.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A question whose answer will tell its usage although it is a stream: OpenAI's do so only when
/// asked, in a last chunk. Anything else, and what is too long, goes in untouched.
pub(super) async fn with_usage(headers: &mut HeaderMap, body: Body) -> Body {
    let mut chunks = body.into_data_stream();
    let mut question = Vec::new();
    while question.len() <= QUESTION_BYTES_MAX {
        match chunks.next().await {
            Some(Ok(chunk)) => question.extend_from_slice(&chunk),
            Some(Err(error)) => {
                let broken = stream::iter([Ok(Bytes::from(question)), Err(error)]);
                return Body::from_stream(broken);
            }
            None => {
                let question = asking(&question).unwrap_or(question);
                headers.remove(TRANSFER_ENCODING);
                headers.insert(CONTENT_LENGTH, question.len().into());
                return question.into();
            }
        }
    }
    let begun = stream::iter([Ok(Bytes::from(question))]);
    Body::from_stream(begun.chain(chunks))
}

fn asking(question: &[u8]) -> Option<Vec<u8>> {
    let mut question: Value = serde_json::from_slice(question).ok()?;
    let fields = question.as_object_mut()?;
    if fields.get("stream") != Some(&Value::Bool(true)) || !fields.contains_key("messages") {
        return None;
    }
    let options = fields.entry("stream_options").or_insert_with(|| json!({}));
    match options {
        Value::Object(options) => drop(options.insert("include_usage".to_owned(), true.into())),
        other => *other = json!({"include_usage": true}),
    }
    serde_json::to_vec(&question).ok()
}

//! An answer on its way out: every byte passes at once but for its end, which waits for its use to
//! be written down.
//!
//! Where the answer says how long it is, the end is its last piece; else it is the mark that
//! nothing follows. A client that leaves before has used what was done for it: else whoever leaves
//! just before the end would use everything for nothing. An answer that breaks off has failed.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use http::header::CONTENT_LENGTH;
use http::{Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::exchange::{Exchange, Seen};
use super::record::record;
use crate::gateway::Gateway;

/// How long an answer is read on whose reader left, for the usage at its end.
const READ_ON_MAX: Duration = Duration::from_mins(5);
/// Answers read on at once; of one more, what was told so far counts.
const READ_ON_AT_ONCE: usize = 256;

/// Whether an answer is over with its head.
pub(super) fn nothing_follows(is_head: bool, answer: &Response<Body>) -> bool {
    let status = answer.status();
    is_head
        || length(answer) == Some(0)
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || answer.body().is_end_stream()
}

/// How long an answer says it is: nobody is sent more, whatever its body would still give.
fn length(answer: &Response<Body>) -> Option<u64> {
    let told = answer.headers().get(CONTENT_LENGTH);
    let told = told.and_then(|length| length.to_str().ok()?.parse().ok());
    told.or_else(|| answer.body().size_hint().exact())
}

/// An answer's body, and what it counts as once it is over.
pub(super) struct CountedAnswer {
    gateway: Gateway,
    inner: Body,
    length: Option<u64>,
    /// Gone once it was counted, or has failed.
    exchange: Option<Exchange>,
    seen: Seen,
    end: End,
}

/// How far the end is.
enum End {
    NotYet,
    /// The use is being written down; then the last piece follows, where there is one.
    Writing(BoxFuture<'static, ()>, Option<Frame<Bytes>>),
    Over,
}

impl CountedAnswer {
    /// Takes the answer's body.
    pub(super) fn new(gateway: Gateway, exchange: Exchange, answer: &mut Response<Body>) -> Self {
        let seen = Seen {
            bytes: 0,
            llm: exchange.reader(answer.headers()),
        };
        Self {
            gateway,
            length: length(answer),
            inner: std::mem::take(answer.body_mut()),
            exchange: Some(exchange),
            seen,
            end: End::NotYet,
        }
    }

    /// For an answer without a body: over when its use is written down.
    pub(super) async fn settled(mut self) {
        if let Some(written) = self.written() {
            written.await;
        }
    }

    /// Counts what was seen, once.
    fn written(&mut self) -> Option<BoxFuture<'static, ()>> {
        let exchange = self.exchange.take()?;
        count(&self.gateway, exchange, &self.seen)
    }

    /// The end came, with its last piece or without.
    fn finish(&mut self, last: Option<Frame<Bytes>>) {
        let ready = || -> BoxFuture<'static, ()> { Box::pin(std::future::ready(())) };
        self.end = End::Writing(self.written().unwrap_or_else(ready), last);
    }
}

fn count(gateway: &Gateway, exchange: Exchange, seen: &Seen) -> Option<BoxFuture<'static, ()>> {
    let told = exchange.over(seen, gateway.time.now());
    if told.is_none() {
        gateway.metrics.metered("unread");
        tracing::warn!("a language model's answer tells no usage: nothing is counted");
    }
    Some(record(gateway, told?))
}

impl Seen {
    fn take(&mut self, frame: &Frame<Bytes>) {
        let Some(data) = frame.data_ref() else {
            return;
        };
        let bytes = u64::try_from(data.len()).unwrap_or_default();
        self.bytes = self.bytes.saturating_add(bytes);
        if let Some(reader) = &mut self.llm {
            reader.take(data);
        }
    }
}

impl HttpBody for CountedAnswer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        loop {
            match &mut self.end {
                End::Over => return Poll::Ready(None),
                End::Writing(written, last) => {
                    ready!(written.as_mut().poll(cx));
                    let last = last.take();
                    self.end = End::Over;
                    return Poll::Ready(last.map(Ok));
                }
                End::NotYet => {}
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    self.seen.take(&frame);
                    if !self.inner.is_end_stream() && self.length != Some(self.seen.bytes) {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                    self.finish(Some(frame));
                }
                Some(Err(error)) => {
                    self.exchange = None;
                    self.end = End::Over;
                    return Poll::Ready(Some(Err(error)));
                }
                None => self.finish(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.end, End::Over)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.end {
            End::NotYet => self.inner.size_hint(),
            End::Writing(_, Some(last)) => {
                let bytes = last.data_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(bytes.try_into().unwrap_or_default())
            }
            End::Writing(_, None) | End::Over => SizeHint::with_exact(0),
        }
    }
}

/// The client left before the end.
impl Drop for CountedAnswer {
    fn drop(&mut self) {
        let Some(exchange) = self.exchange.take() else {
            return;
        };
        let seen = std::mem::take(&mut self.seen);
        let gateway = self.gateway.clone();
        if exchange.reads_on() && gateway.afterwards.reading.len() < READ_ON_AT_ONCE {
            let inner = std::mem::take(&mut self.inner);
            let rest = read_on(gateway.clone(), inner, exchange, seen);
            drop(gateway.afterwards.reading.spawn(rest));
            return;
        }
        // It is written down although nobody waits for it.
        drop(count(&gateway, exchange, &seen));
    }
}

/// Reads an answer to its end for nobody, and counts it.
async fn read_on(gateway: Gateway, inner: Body, exchange: Exchange, mut seen: Seen) {
    let mut rest = inner.into_data_stream();
    let reading = async {
        while let Some(Ok(piece)) = rest.next().await {
            seen.take(&Frame::data(piece));
        }
    };
    // What was told until then counts.
    tokio::select! {
        _in_time = tokio::time::timeout(READ_ON_MAX, reading) => {}
        () = gateway.afterwards.enough.cancelled() => {}
    }
    if let Some(written) = count(&gateway, exchange, &seen) {
        written.await;
    }
}

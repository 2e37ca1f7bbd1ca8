//! The bytes of a stream, counted while they go by.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_util::Stream;

/// A stream of bytes that tells how many there were: once, when it ends, or when whoever reads it
/// leaves. One that breaks off has failed and tells nothing.
///
/// ```no_run
/// # use polarkit::usage::{CountedBytes, Strategy, UsageEvent, UsageTracker};
/// # fn body(usage: UsageTracker, file: impl futures_util::Stream<Item = std::io::Result<bytes::Bytes>> + Unpin) {
/// let body = CountedBytes::new(file, move |bytes| {
///     usage.track(UsageEvent::new("download", "u_42").strategy(Strategy::Stream { bytes }));
/// });
/// # drop(body); }
/// ```
#[must_use = "it counts what is read from it"]
pub struct CountedBytes<S, F: FnOnce(u64)> {
    inner: S,
    bytes: u64,
    tell: Option<F>,
}

impl<S, F: FnOnce(u64)> CountedBytes<S, F> {
    /// Counts this stream and tells that function.
    pub fn new(inner: S, tell: F) -> Self {
        Self {
            inner,
            bytes: 0,
            tell: Some(tell),
        }
    }
}

impl<S, B, E, F> Stream for CountedBytes<S, F>
where
    S: Stream<Item = Result<B, E>> + Unpin,
    B: AsRef<[u8]>,
    F: FnOnce(u64) + Unpin,
{
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let next = ready!(Pin::new(&mut self.inner).poll_next(cx));
        match &next {
            Some(Ok(chunk)) => {
                let bytes = u64::try_from(chunk.as_ref().len()).unwrap_or_default();
                self.bytes = self.bytes.saturating_add(bytes);
            }
            Some(Err(_)) => self.tell = None,
            None => self.tell(),
        }
        Poll::Ready(next)
    }
}

impl<S, F: FnOnce(u64)> CountedBytes<S, F> {
    fn tell(&mut self) {
        if let Some(tell) = self.tell.take() {
            tell(self.bytes);
        }
    }
}

impl<S, F: FnOnce(u64)> Drop for CountedBytes<S, F> {
    fn drop(&mut self) {
        self.tell();
    }
}

impl<S, F: FnOnce(u64)> fmt::Debug for CountedBytes<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedBytes")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

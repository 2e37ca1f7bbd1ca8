//! An answer that may not stand still for longer than the app may be silent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::time::pause;

/// The app's answer. Unlike other bodies with a timeout it still tells its length and its end.
pub(super) struct PatientBody {
    inner: Incoming,
    patience: Duration,
    /// Runs while nothing comes.
    wait: Option<BoxFuture<'static, ()>>,
}

impl PatientBody {
    pub(super) fn new(inner: Incoming, patience: Duration) -> Self {
        Self {
            inner,
            patience,
            wait: None,
        }
    }
}

impl Body for PatientBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            self.wait = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = self.patience;
        let wait = self.wait.get_or_insert_with(|| Box::pin(pause(patience)));
        ready!(wait.as_mut().poll(cx));
        let silent = io::Error::new(io::ErrorKind::TimedOut, "the app fell silent");
        Poll::Ready(Some(Err(silent.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

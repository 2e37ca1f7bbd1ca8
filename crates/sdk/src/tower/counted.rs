//! An answer under way, and what it counts as when it comes.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Response, StatusCode};
use pin_project_lite::pin_project;

use crate::usage::{UsageCustomer, UsageTracker};

pin_project! {
    /// The answer of a service whose successes count as usage.
    #[derive(Debug)]
    pub struct Counted<F> {
        #[pin]
        answer: F,
        call: Option<ApiCall>,
    }
}

/// A request that counts if it succeeds.
pub(super) struct ApiCall {
    pub(super) customer: UsageCustomer,
    pub(super) endpoint: String,
    pub(super) usage: UsageTracker,
    pub(super) succeeded: Arc<dyn Fn(StatusCode) -> bool + Send + Sync>,
}

impl<F> Counted<F> {
    pub(super) fn new(answer: F, call: Option<ApiCall>) -> Self {
        Self { answer, call }
    }
}

impl<F, R, E> Future for Counted<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let answer = ready!(this.answer.poll(cx));
        if let (Ok(response), Some(call)) = (&answer, this.call.take()) {
            call.answered(response.status());
        }
        Poll::Ready(answer)
    }
}

impl ApiCall {
    fn answered(self, status: StatusCode) {
        if (self.succeeded)(status) {
            self.usage.track_api_call(self.customer, &self.endpoint, 1);
        }
    }
}

/// The endpoint may hold somebody's secret.
impl fmt::Debug for ApiCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiCall")
            .field("customer", &self.customer)
            .finish_non_exhaustive()
    }
}

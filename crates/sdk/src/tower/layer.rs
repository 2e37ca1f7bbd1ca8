//! One event for each request that succeeded.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, StatusCode, request::Parts};
use tower_layer::Layer;
use tower_service::Service;

use super::counted::{ApiCall, Counted};
use crate::usage::{UsageCustomer, UsageTracker};

/// Tracks an `api_call` for each request that was answered with a status below 400.
///
/// Whose it was, a closure reads from the request. **Read what was verified**: what an
/// authentication layer outside of this one put into the request's extensions. A plain header is
/// whatever its sender wrote, and would let anybody put his usage on somebody else's bill.
///
/// ```
/// use http::request::Parts;
/// use polarkit::{tower::UsageLayer, usage::UsageTracker};
///
/// /// What the authentication layer found out.
/// #[derive(Clone)]
/// struct User { id: String }
///
/// fn count(usage: &UsageTracker) -> UsageLayer {
///     UsageLayer::new(usage, |request: &Parts| {
///         Some(request.extensions.get::<User>()?.id.clone())
///     })
/// }
/// ```
///
/// It counts when the response's head is there; bodies pass through untouched. A request without a
/// customer, one that fails, and one whose caller left before the head was there are not counted.
#[derive(Debug, Clone)]
#[must_use = "it counts nothing until it is added to a service"]
pub struct UsageLayer {
    rules: Arc<Rules>,
}

impl UsageLayer {
    /// A layer that counts for the customer that `customer` finds. No customer, no event.
    pub fn new<C: Into<UsageCustomer>>(
        usage: &UsageTracker,
        customer: impl Fn(&Parts) -> Option<C> + Send + Sync + 'static,
    ) -> Self {
        let rules = Rules {
            usage: usage.clone(),
            customer: Arc::new(move |request| customer(request).map(Into::into)),
            endpoint: Arc::new(|request| request.uri.path().to_owned()),
            succeeded: Arc::new(|status| status.as_u16() < 400),
        };
        Self {
            rules: Arc::new(rules),
        }
    }

    /// What the event calls the endpoint; the path unless told otherwise.
    pub fn endpoint(mut self, endpoint: impl Fn(&Parts) -> String + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.rules).endpoint = Arc::new(endpoint);
        self
    }

    /// Calls the endpoint by axum's matched route (`/users/{id}`), by its path where none matched.
    #[cfg(feature = "axum")]
    pub fn matched_route(self) -> Self {
        self.endpoint(|request| {
            let route = request.extensions.get::<axum::extract::MatchedPath>();
            route
                .map_or(request.uri.path(), |route| route.as_str())
                .to_owned()
        })
    }

    /// Which answers count; those below 400 unless told otherwise.
    pub fn succeeded(
        mut self,
        succeeded: impl Fn(StatusCode) -> bool + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.rules).succeeded = Arc::new(succeeded);
        self
    }
}

impl<S> Layer<S> for UsageLayer {
    type Service = CountUsage<S>;

    fn layer(&self, inner: S) -> CountUsage<S> {
        CountUsage {
            inner,
            rules: Arc::clone(&self.rules),
        }
    }
}

/// A service whose successes count as usage.
#[derive(Debug, Clone)]
pub struct CountUsage<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S, B, R> Service<Request<B>> for CountUsage<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Counted<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        let (head, body) = req.into_parts();
        let call = self.rules.call(&head);
        let answer = self.inner.call(Request::from_parts(head, body));
        Counted::new(answer, call)
    }
}

type FindCustomer = dyn Fn(&Parts) -> Option<UsageCustomer> + Send + Sync;
type NameEndpoint = dyn Fn(&Parts) -> String + Send + Sync;

/// What counts, and for whom.
#[derive(Clone)]
struct Rules {
    usage: UsageTracker,
    customer: Arc<FindCustomer>,
    endpoint: Arc<NameEndpoint>,
    succeeded: Arc<dyn Fn(StatusCode) -> bool + Send + Sync>,
}

impl Rules {
    /// What a request will count as, read before it goes in.
    fn call(&self, request: &Parts) -> Option<ApiCall> {
        Some(ApiCall {
            customer: (self.customer)(request)?,
            endpoint: (self.endpoint)(request),
            usage: self.usage.clone(),
            succeeded: Arc::clone(&self.succeeded),
        })
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("usage", &self.usage)
            .finish_non_exhaustive()
    }
}

//! One event for each request that succeeded.

use std::{
    fmt,
    future::{Future, Ready, ready},
    pin::Pin,
    sync::Arc,
};

use actix_web::{
    Error, HttpRequest,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::StatusCode,
};
use polarkit::usage::{UsageCustomer, UsageTracker};

/// Tracks an `api_call` for each request that was answered with a status below 400.
///
/// Whose it was, a closure reads from the request, after it was answered. **Read what was
/// verified**: what an authentication middleware or extractor put into the request's extensions. A
/// plain header is whatever its sender wrote, and would let anybody put his usage on somebody
/// else's bill.
///
/// ```
/// use actix_web::{HttpMessage as _, HttpRequest};
/// use polarkit::usage::UsageTracker;
/// use polarkit_actix::CountUsage;
///
/// /// What the authentication found out.
/// struct User { id: String }
///
/// fn count(usage: &UsageTracker) -> CountUsage {
///     CountUsage::new(usage, |request: &HttpRequest| {
///         Some(request.extensions().get::<User>()?.id.clone())
///     })
/// }
/// ```
///
/// Bodies pass through untouched. A request without a customer, one that fails, and one whose
/// caller left before it was answered are not counted.
#[derive(Clone)]
#[must_use = "it counts nothing until an app is wrapped in it"]
pub struct CountUsage {
    rules: Rules,
}

impl CountUsage {
    /// A middleware that counts for the customer that `customer` finds. No customer, no event.
    pub fn new<C: Into<UsageCustomer>>(
        usage: &UsageTracker,
        customer: impl Fn(&HttpRequest) -> Option<C> + Send + Sync + 'static,
    ) -> Self {
        let rules = Rules {
            usage: usage.clone(),
            customer: Arc::new(move |request| customer(request).map(Into::into)),
            endpoint: Arc::new(|request| request.path().to_owned()),
            succeeded: Arc::new(|status| status.as_u16() < 400),
        };
        Self { rules }
    }

    /// What the event calls the endpoint; the path unless told otherwise.
    pub fn endpoint(
        mut self,
        endpoint: impl Fn(&HttpRequest) -> String + Send + Sync + 'static,
    ) -> Self {
        self.rules.endpoint = Arc::new(endpoint);
        self
    }

    /// Calls the endpoint by the pattern of its route (`/users/{id}`), by its path where none
    /// matched.
    pub fn matched_route(self) -> Self {
        self.endpoint(|request| {
            let pattern = request.match_pattern();
            pattern.unwrap_or_else(|| request.path().to_owned())
        })
    }

    /// Which answers count; those below 400 unless told otherwise.
    pub fn succeeded(
        mut self,
        succeeded: impl Fn(StatusCode) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.rules.succeeded = Arc::new(succeeded);
        self
    }
}

impl<S, B> Transform<S, ServiceRequest> for CountUsage
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type InitError = ();
    type Transform = Counting<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let rules = self.rules.clone();
        ready(Ok(Counting {
            inner: service,
            rules,
        }))
    }
}

/// A service whose successes count as usage.
#[derive(Debug)]
pub struct Counting<S> {
    inner: S,
    rules: Rules,
}

impl<S, B> Service<ServiceRequest> for Counting<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(inner);

    fn call(&self, req: ServiceRequest) -> Self::Future {
        let answer = self.inner.call(req);
        let rules = self.rules.clone();
        Box::pin(async move {
            let response = answer.await?;
            rules.answered(response.request(), response.status());
            Ok(response)
        })
    }
}

type FindCustomer = dyn Fn(&HttpRequest) -> Option<UsageCustomer> + Send + Sync;
type NameEndpoint = dyn Fn(&HttpRequest) -> String + Send + Sync;

/// What counts, and for whom.
#[derive(Clone)]
struct Rules {
    usage: UsageTracker,
    customer: Arc<FindCustomer>,
    endpoint: Arc<NameEndpoint>,
    succeeded: Arc<dyn Fn(StatusCode) -> bool + Send + Sync>,
}

impl Rules {
    fn answered(&self, request: &HttpRequest, status: StatusCode) {
        if !(self.succeeded)(status) {
            return;
        }
        if let Some(customer) = (self.customer)(request) {
            let endpoint = (self.endpoint)(request);
            self.usage.track_api_call(customer, &endpoint, 1);
        }
    }
}

impl fmt::Debug for CountUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules.fmt(f)
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountUsage")
            .field("usage", &self.usage)
            .finish_non_exhaustive()
    }
}

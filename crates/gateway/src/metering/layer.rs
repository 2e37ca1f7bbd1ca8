//! For Rust apps: the rules of the proxy as a layer, over the gateway's own store.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{HeaderName, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::{Counting, REPORT, Rules};
use crate::gateway::Gateway;

type FindCustomer = dyn Fn(&Parts) -> Option<String> + Send + Sync;

/// Counts usage around an app's own routes: durable before an answer ends, delivered by the gateway.
///
/// Whose it was, a closure reads from the request. **Read what was verified**: what an
/// authentication layer outside of this one put into the request's extensions. A plain header is
/// whatever its sender wrote, and would let anybody put his usage on somebody else's bill.
///
/// ```no_run
/// # async fn example(config: polarkit_gateway::Config, clock: std::sync::Arc<dyn polarkit::Clock>) -> Result<(), polarkit_gateway::OpenError> {
/// use axum::{Router, routing::get};
/// use http::request::Parts;
/// use polarkit_gateway::{Gateway, UsageLayer, router};
///
/// /// What the authentication layer found out.
/// #[derive(Clone)]
/// struct User { id: String }
///
/// let gateway = Gateway::open(config, clock).await?;
/// let count = UsageLayer::new(&gateway, |request: &Parts| {
///     Some(request.extensions.get::<User>()?.id.clone())
/// });
/// let app: Router = Router::new()
///     .route("/api/answer", get(|| async { "42" }))
///     .layer(count)
///     .merge(router(gateway));
/// # drop(app); Ok(()) }
/// ```
///
/// Serve it with [`serve_app`](crate::serve_app), which delivers what was counted and ends only
/// when all of it is written down.
#[derive(Clone)]
#[must_use = "it counts nothing until it is added to a service"]
pub struct UsageLayer {
    counting: Counting,
    customer: Arc<FindCustomer>,
}

impl UsageLayer {
    /// A layer that counts for the customer that `customer` finds, by the application's own id. No
    /// customer, no event. Every request that succeeds is an `api_call`.
    pub fn new(
        gateway: &Gateway,
        customer: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let counting = Counting {
            gateway: gateway.clone(),
            rules: Arc::default(),
            report: REPORT,
        };
        Self {
            counting,
            customer: Arc::new(customer),
        }
    }

    /// Counts by these rules.
    pub fn rules(mut self, rules: Rules) -> Self {
        self.counting.rules = Arc::new(rules);
        self
    }

    /// The header in which the app tells what was used: `x-polar-usage` unless told otherwise. It
    /// is taken off the answer.
    pub fn report_header(mut self, name: HeaderName) -> Self {
        self.counting.report = name;
        self
    }
}

impl fmt::Debug for UsageLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageLayer")
            .field("counting", &self.counting)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for UsageLayer {
    type Service = CountUsage<S>;

    fn layer(&self, inner: S) -> CountUsage<S> {
        CountUsage {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service whose successes count as usage.
#[derive(Debug, Clone)]
pub struct CountUsage<S> {
    inner: S,
    layer: UsageLayer,
}

impl<S, B> Service<Request<Body>> for CountUsage<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<Body>) -> Self::Future {
        let UsageLayer { counting, customer } = self.layer.clone();
        // The one that was asked whether it is ready is the one that is called.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        Box::pin(async move {
            let (head, body) = req.into_parts();
            let customer = customer(&head);
            let request = Request::from_parts(head, body);
            let (exchange, request) = counting.begin(customer, request).await;
            let answer = inner.call(request).await?;
            Ok(counting.answered(exchange, answer.map(Body::new)).await)
        })
    }
}

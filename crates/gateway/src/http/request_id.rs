//! Every request has an id: the caller's own when it is sane, ours otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use tracing::Instrument as _;

pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LENGTH_MAX: usize = 64;

tokio::task_local! {
    static CURRENT: Arc<str>;
}

/// The id of the request this task serves, empty outside of any.
pub(crate) fn current() -> Arc<str> {
    CURRENT
        .try_with(Arc::clone)
        .unwrap_or_else(|_outside| Arc::from(""))
}

/// The id of a request.
pub(crate) fn of(request: &Request) -> Arc<str> {
    let given = request.headers().get(HEADER);
    let given = given.and_then(|value| value.to_str().ok());
    given.filter(|id| is_sane(id)).map_or_else(fresh, Arc::from)
}

/// Does something for the request of this id, as logs and problems tell.
pub(crate) fn within<F: Future>(id: &Arc<str>, work: F) -> impl Future<Output = F::Output> {
    let span = tracing::info_span!("request", %id);
    CURRENT.scope(Arc::clone(id), work).instrument(span)
}

/// Tells the caller the id.
pub(crate) fn show(id: &str, response: &mut Response) {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(HEADER, value);
    }
}

fn is_sane(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=LENGTH_MAX).contains(&id.len()) && id.bytes().all(allowed)
}

/// Unlike those of other processes by its first half, of this one by its second.
fn fresh() -> Arc<str> {
    static PROCESS: std::sync::LazyLock<u32> =
        std::sync::LazyLock::new(|| getrandom::u32().unwrap_or_default());
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!(
        "{:08x}-{:x}",
        *PROCESS,
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
    .into()
}

//! What a customer sees: checkout, confirmation and portal. Static shells that call the sandbox's public API
//! from the browser like any other client, so they know nothing of the world behind it.

mod asset;
mod policy;

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

use self::policy::Framing;

/// The design language: colours, type, buttons, fields, dialogs. Shared with the demo shop.
pub const STYLE: &str = include_str!("assets/style.css");

/// The pages and their assets. None of them needs the state.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    const CHECKOUT: &str = include_str!("checkout.html");
    const CONFIRMATION: &str = include_str!("confirmation.html");
    const PORTAL: &str = include_str!("portal.html");
    let checkout = async |RawQuery(query): RawQuery| page(CHECKOUT, &Framing::asked(query));
    let confirmation = async |RawQuery(query): RawQuery| page(CONFIRMATION, &Framing::asked(query));
    Router::new()
        .route("/checkout/{client_secret}", get(checkout))
        .route("/checkout/{client_secret}/confirmation", get(confirmation))
        .route(
            "/{slug}/portal",
            get(async || page(PORTAL, &Framing::Never)),
        )
        .route(
            "/assets/{name}",
            get(async |Path(name): Path<String>| asset::answer(&name)),
        )
}

/// A shell. Its address carries a secret or a session, so it is neither stored nor told to others.
fn page(html: &'static str, framing: &Framing) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, framing.policy()),
        (CACHE_CONTROL, "no-store".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, html).into_response()
}

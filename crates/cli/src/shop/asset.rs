//! The shop's page and what it is made of, compiled in. Nothing is loaded from anywhere else, and the browser is told so.

use axum::Router;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

/// The page may load its own files and call its own server; nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) fn router() -> Router {
    let page = async || asset("text/html; charset=utf-8", include_str!("page/index.html"));
    let language = async || asset("text/css; charset=utf-8", polarkit_sandbox::page::STYLE);
    let style = async || asset("text/css; charset=utf-8", include_str!("page/shop.css"));
    let script = async || {
        asset(
            "text/javascript; charset=utf-8",
            include_str!("page/shop.js"),
        )
    };
    let mark = async || asset("image/svg+xml", include_str!("page/mark.svg"));
    Router::new()
        .route("/shop", get(page))
        .route("/shop/", get(async || Redirect::permanent("/shop")))
        .route("/shop/style.css", get(language))
        .route("/shop/shop.css", get(style))
        .route("/shop/shop.js", get(script))
        .route("/shop/mark.svg", get(mark))
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}

//! The files beside the pages: stylesheets and modules, built into the binary.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! assets {
    ($($media:ident $name:literal),* $(,)?) => {
        &[$(($name, $media, include_str!(concat!("assets/", $name)))),*]
    };
}

/// Name, media type, text.
const ASSETS: &[(&str, &str, &str)] = assets![
    CSS "style.css",
    CSS "checkout.css",
    CSS "portal.css",
    SVG "icon.svg",
    SCRIPT "access.js",
    SCRIPT "api.js",
    SCRIPT "buyer.js",
    SCRIPT "card.js",
    SCRIPT "challenge.js",
    SCRIPT "checkout.js",
    SCRIPT "confirmation.js",
    SCRIPT "dom.js",
    SCRIPT "embed.js",
    SCRIPT "field.js",
    SCRIPT "licenses.js",
    SCRIPT "memory.js",
    SCRIPT "money.js",
    SCRIPT "orders.js",
    SCRIPT "payment.js",
    SCRIPT "portal.js",
    SCRIPT "question.js",
    SCRIPT "regions.js",
    SCRIPT "sale.js",
    SCRIPT "session.js",
    SCRIPT "subscriptions.js",
    SCRIPT "summary.js",
];

/// `GET /assets/{name}`.
pub(super) fn answer(name: &str) -> Response {
    let Some((_, media, text)) = ASSETS.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, *media),
        // A newer binary must not meet an older script: ask each time, it is the same machine.
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, *text).into_response()
}

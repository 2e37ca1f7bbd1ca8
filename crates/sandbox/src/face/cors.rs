//! Other origins may read the API, without credentials.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
const HEADERS: &str =
    "Accept, Accept-Language, Authorization, Content-Language, Content-Type, Polar-Version";
const MAX_AGE_S: &str = "600";

/// The answer to a preflight; `None` when the request is none.
pub(crate) fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let asks = headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if method != Method::OPTIONS || !asks {
        return None;
    }
    let refusal = refusal(headers);
    let mut response = Response::new(Body::from(refusal.unwrap_or("OK")));
    if refusal.is_some() {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    let answer = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE_S),
        (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
    ];
    for (name, value) in answer {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}

/// Lets the page that asked read an ordinary answer.
pub(crate) fn expose(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Polar-Version"),
    );
}

fn refusal(headers: &HeaderMap) -> Option<&'static str> {
    let asked = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let known = |list: &str, word: &str| list.split(", ").any(|w| w.eq_ignore_ascii_case(word));
    if !asked(ACCESS_CONTROL_REQUEST_METHOD).is_some_and(|method| known(METHODS, method)) {
        return Some("Disallowed CORS method");
    }
    let wanted = asked(ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
    let mut wanted = wanted
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let fine = wanted.all(|word| known(HEADERS, word));
    (!fine).then_some("Disallowed CORS headers")
}

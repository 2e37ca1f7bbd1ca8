//! Dated versions of the API: asked for in a header, echoed in the answer.

use http::HeaderMap;

/// Request and response header.
pub(crate) const HEADER: &str = "polar-version";

/// The version a request is served in; `None` when it asks for one that is not served.
pub(crate) fn asked(headers: &HeaderMap) -> Option<&'static str> {
    let facts = polarkit_spec::facts();
    let asked = headers
        .get(HEADER)
        .map_or(&b""[..], |value| value.as_bytes());
    if asked.is_empty() {
        return Some(&facts.default_version);
    }
    let served = facts
        .versions
        .iter()
        .find(|version| version.as_bytes() == asked)?;
    Some(served)
}

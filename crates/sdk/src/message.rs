//! A request as it goes over the wire.

use bytes::Bytes;
use http::{
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT},
    request::Builder,
};
use polarkit_model::Secret;

use crate::{client::Polar, error::Error, request::Request};

/// Writes a request out, with everything its client adds.
pub(crate) fn write(polar: &Polar, request: &Request) -> Result<http::Request<Bytes>, Error> {
    let refused = |argument, problem: &str| Error::Request {
        operation: request.operation,
        argument,
        problem: problem.to_owned(),
    };
    if let Some(fault) = &request.fault {
        return Err(refused(fault.argument, &fault.problem));
    }
    let mut message = http::Request::builder()
        .method(request.method.clone())
        .header(USER_AGENT, concat!("polarkit/", env!("CARGO_PKG_VERSION")));
    message = match &request.elsewhere {
        Some(url) => message.uri(url.as_str()),
        None => addressed(message, polar, request),
    };
    if let Some(token) = token(polar, request) {
        let bearer = bearer(token).ok_or_else(|| refused("token", "cannot stand in a header"))?;
        message = message.header(AUTHORIZATION, bearer);
    }
    let mut bytes = Bytes::new();
    if let Some(body) = &request.body {
        message = message.header(CONTENT_TYPE, body.content_type);
        bytes = body.bytes.clone();
    }
    let unsendable = |error: http::Error| refused("request", &error.to_string());
    message.body(bytes).map_err(unsendable)
}

/// To the client's server, with what only that is told.
fn addressed(message: Builder, polar: &Polar, request: &Request) -> Builder {
    let settings = &polar.shared.settings;
    let version = request.overrides.version.as_ref();
    message
        .uri(format!("{}{}", settings.server.base(), request.target()))
        .header(ACCEPT, "application/json")
        .header(
            "polar-version",
            version.unwrap_or(&settings.version).as_str(),
        )
}

/// Who asks: the call's own token, or else the client's, unless it is open to everybody;
/// nobody, where another host may be meant.
pub(crate) fn token<'a>(polar: &'a Polar, request: &'a Request) -> Option<&'a Secret> {
    if request.elsewhere.is_some() {
        return None;
    }
    let own = polar.token.as_ref().filter(|_| !request.open);
    request.overrides.token.as_ref().or(own)
}

/// A header that is printed by nobody.
pub(crate) fn bearer(token: &Secret) -> Option<HeaderValue> {
    let text = format!("Bearer {}", token.reveal());
    let mut bearer = HeaderValue::from_maybe_shared(Bytes::from(text)).ok()?;
    bearer.set_sensitive(true);
    Some(bearer)
}

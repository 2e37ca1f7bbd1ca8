//! Who calls, and for whom: a server for anyone, a user for themselves.
//!
//! A handler that takes a `Caller` has one: whoever proves nothing is refused before the body is
//! read. The few open routes take `Option<Caller>`; wrong credentials are refused there, too.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::gateway::Gateway;
use crate::jwt;
use crate::keys::Known;
use crate::limit::Who;
use crate::problem::{Code, Problem};

/// What a server's key begins with, and no user's token does.
const KEY: &str = "pk_";

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A server that proved its key.
    Server(Known),
    /// A user who proved to be this subject, the application's own id of a customer.
    User(String),
}

impl Caller {
    /// Only a server whose key has this scope.
    pub(crate) fn must_be_server(&self, scope: &str) -> Result<&Known, Problem> {
        match self {
            Self::Server(key) if key.allows(scope) => Ok(key),
            Self::Server(_) => Err(Problem::new(
                Code::Forbidden,
                format!("The key lacks the scope {scope}"),
            )),
            Self::User(_) => Err(Problem::new(
                Code::Forbidden,
                "Only a server key may do this",
            )),
        }
    }

    /// A server with this scope for anyone, a user for no one else.
    pub(crate) fn must_act_for(&self, external_id: &str, scope: &str) -> Result<(), Problem> {
        match self {
            Self::User(subject) if subject == external_id => Ok(()),
            Self::User(_) => Err(Problem::new(
                Code::Forbidden,
                "The token is good for its own subject only",
            )),
            Self::Server(_) => self.must_be_server(scope).map(drop),
        }
    }

    /// Keeps callers' idempotency keys apart.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Server(key) => format!("server:{}", key.id),
            Self::User(subject) => format!("user:{subject}"),
        }
    }
}

/// A caller who proved already who they are, on the way to the handler.
#[derive(Debug, Clone)]
pub(super) struct Proven(pub(super) Caller);

/// Whom the credentials are of, by their form alone: nothing is proved yet.
pub(super) fn claimed(headers: &HeaderMap) -> Who {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Who::Anonymous;
    };
    let token = header.to_str().ok().and_then(|text| text.split_once(' '));
    match token {
        Some((_, token)) if token.trim().starts_with(KEY) => Who::Server,
        _ => Who::User,
    }
}

impl FromRequestParts<Gateway> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Gateway) -> Result<Self, Problem> {
        let caller: Option<Self> =
            <Self as OptionalFromRequestParts<Gateway>>::from_request_parts(parts, state).await?;
        caller.ok_or_else(missing)
    }
}

impl OptionalFromRequestParts<Gateway> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &Gateway,
    ) -> Result<Option<Self>, Problem> {
        if let Some(Proven(caller)) = parts.extensions.remove() {
            return Ok(Some(caller));
        }
        let Some(header) = parts.headers.get(AUTHORIZATION) else {
            return Ok(None);
        };
        let header = header.to_str().unwrap_or_default();
        let Some((scheme, token)) = header.split_once(' ') else {
            return Err(wrong());
        };
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
            return Err(wrong());
        }
        if token.starts_with(KEY) {
            let now = state.time.local();
            let known = state.keys.find(token, &state.store, now).await?;
            return known.map(Self::Server).map(Some).ok_or_else(wrong);
        }
        let Some(rule) = &state.config.jwt else {
            return Err(wrong());
        };
        jwt::subject(token, rule, state.time.local())
            .map(Self::User)
            .map(Some)
            .ok_or_else(wrong)
    }
}

/// What somebody without credentials is told.
pub(super) fn missing() -> Problem {
    Problem::new(
        Code::Unauthenticated,
        "Send a server key or a user's token as a bearer",
    )
}

fn wrong() -> Problem {
    Problem::new(Code::Unauthenticated, "The credentials are not valid")
}

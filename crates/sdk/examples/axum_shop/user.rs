//! Who calls: proved by a key, as a real app proves it by its sessions.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
    middleware::Next,
    response::Response,
};

use super::{Shop, failure::Failure};

/// Who is calling, by the application's own id.
#[derive(Clone)]
pub(crate) struct User(pub(crate) String);

pub(crate) async fn authenticate(
    State(shop): State<Shop>,
    mut request: Request,
    next: Next,
) -> Response {
    let header = request.headers().get(AUTHORIZATION);
    let key = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if let Some(id) = key.and_then(|key| shop.users.get(key)) {
        let user = User(id.clone());
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let user = parts.extensions.get::<Self>().cloned();
        user.ok_or(Failure(StatusCode::UNAUTHORIZED, "Who are you?"))
    }
}

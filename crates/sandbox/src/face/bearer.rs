//! Who calls: the bearer token, and whether the operation takes such a caller.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use polarkit_spec::Operation;

use crate::call::Caller;
use crate::credentials::Bearer;
use crate::failure::Failure;
use crate::world::World;

/// The bearer of the request. Another scheme, a blank token and a token that is not ASCII count as
/// none; a token that stands for nobody is refused even where none is needed.
pub(crate) fn bearer(world: &World, headers: &HeaderMap) -> Result<Bearer, Failure> {
    let nobody = Bearer {
        caller: Caller::Anonymous,
        scopes: Vec::new(),
    };
    let Some(token) = token(headers) else {
        return Ok(nobody);
    };
    world.resolve_token(token).ok_or(Failure::InvalidToken)
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The caller as the operation sees it: of a kind it takes and with a scope it asks for.
pub(crate) fn admit(operation: &Operation, bearer: Bearer) -> Result<Caller, Failure> {
    if !takes(operation, &bearer.caller) {
        return if takes(operation, &Caller::Anonymous) {
            Ok(Caller::Anonymous)
        } else {
            Err(Failure::Unauthorized)
        };
    }
    let needs_scope = bearer.caller != Caller::Anonymous && !operation.scopes.is_empty();
    if needs_scope
        && !operation
            .scopes
            .iter()
            .any(|scope| bearer.scopes.contains(scope))
    {
        return Err(Failure::InsufficientScope {
            accepted: operation.scopes.clone(),
        });
    }
    Ok(bearer.caller)
}

fn takes(operation: &Operation, caller: &Caller) -> bool {
    let has = |words: &[String], word| words.iter().any(|known| known == word);
    match caller {
        Caller::Anonymous => operation.auth.is_empty() || has(&operation.subjects, "Anonymous"),
        Caller::Organization(_) => has(&operation.auth, "oat"),
        Caller::Customer { .. } => has(&operation.auth, "customer_session"),
        Caller::Member { .. } => has(&operation.auth, "member_session"),
    }
}

//! A user's own token: signed with HS256, and good for its subject only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use sha2::Sha256;

use crate::config::Jwt;

/// Clocks of issuer and gateway may differ by this much.
const LEEWAY_SECONDS: i64 = 30;
/// No honest token is longer.
const LENGTH_MAX: usize = 4_096;

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    iss: Option<String>,
    aud: Option<Audience>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn holds(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }
}

/// The subject of a valid token; `None` when anything about it is wrong.
pub(crate) fn subject(token: &str, rule: &Jwt, now: Timestamp) -> Option<String> {
    if token.len() > LENGTH_MAX {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let mut mac = Hmac::<Sha256>::new_from_slice(rule.secret.expose_secret().as_bytes()).ok()?;
    mac.update(signed.as_bytes());
    mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?)
        .ok()?;
    // "none" and the like never get here: the algorithm is ours to choose, not the token's.
    let header: Header = decoded(header)?;
    let claims: Claims = decoded(claims)?;
    let now = now.as_second();
    let fits = header.alg == "HS256"
        && now < claims.exp.saturating_add(LEEWAY_SECONDS)
        && claims
            .nbf
            .is_none_or(|from| now >= from.saturating_sub(LEEWAY_SECONDS))
        && rule
            .issuer
            .as_ref()
            .is_none_or(|issuer| claims.iss.as_ref() == Some(issuer))
        && rule.audience.as_ref().is_none_or(|wanted| {
            claims
                .aud
                .as_ref()
                .is_some_and(|audience| audience.holds(wanted))
        });
    (fits && !claims.sub.is_empty()).then_some(claims.sub)
}

fn decoded<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

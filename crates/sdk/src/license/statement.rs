//! What is signed, and how: JWS compact with `EdDSA`, each kind of statement under a `typ` of its
//! own, so that none passes for another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{LicenseError, PublicKeys};

/// The only algorithm there is: what a header says besides is refused.
pub(super) const ALGORITHM: &str = "EdDSA";
/// No honest statement is longer: a full page of revocations has a third of it.
const LENGTH_MAX: usize = 1 << 20;

/// Something that can be signed.
pub trait Statement: Serialize + DeserializeOwned {
    /// The `typ` of its header.
    const TYPE: &'static str;
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The signed text; whoever has the key signs.
pub(super) fn seal<S: Statement>(
    statement: &S,
    key_id: &str,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    let header = Header {
        alg: ALGORITHM.to_owned(),
        typ: S::TYPE.to_owned(),
        kid: key_id.to_owned(),
    };
    let text = format!("{}.{}", encoded(&header), encoded(statement));
    let signature = URL_SAFE_NO_PAD.encode(sign(text.as_bytes()));
    format!("{text}.{signature}")
}

/// What one of the keys signed. Nothing of it is believed before that is clear.
pub(super) fn open<S: Statement>(token: &str, keys: &PublicKeys) -> Result<S, LicenseError> {
    let malformed = || LicenseError::Malformed { expected: S::TYPE };
    if token.len() > LENGTH_MAX {
        return Err(malformed());
    }
    let (text, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = text.split_once('.').ok_or_else(malformed)?;
    let header: Header = decoded(header).ok_or_else(malformed)?;
    let signature = URL_SAFE_NO_PAD.decode(signature);
    let signature = signature.map_err(|_malformed| malformed())?;
    if header.alg != ALGORITHM || header.typ != S::TYPE {
        return Err(malformed());
    }
    match keys.signed(&header.kid, text.as_bytes(), &signature) {
        Some(true) => decoded(claims).ok_or_else(malformed),
        Some(false) => Err(LicenseError::BadSignature),
        None => Err(LicenseError::UnknownKey { key_id: header.kid }),
    }
}

fn encoded(part: &impl Serialize) -> String {
    // Texts, times and JSON values always have a JSON form.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap_or_default())
}

fn decoded<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

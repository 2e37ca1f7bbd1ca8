//! The keys of leases: Ed25519, named by their RFC 7638 thumbprint, published as a JWK set.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use polarkit_model::Secret;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::statement::{self, Statement};

/// How long the bytes of a key are, secret or public.
const KEY_BYTES: usize = 32;
/// Keys one set may have: one that signs, and those it replaced.
const KEYS_MAX: usize = 32;

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is no secret key.
    #[error("this is no Ed25519 key: 32 bytes or a PKCS#8 document, in base64")]
    NoSecretKey,
    /// It is no JWK set.
    #[error("this is no JWK set")]
    NoKeySet,
    /// The set has no Ed25519 key.
    #[error("the set has no Ed25519 key")]
    NoKeys,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomness,
}

/// Signs leases: kept by the gateway, shown to nobody.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    id: String,
}

impl SigningKey {
    /// A new one, for this process alone; [`SigningKey::generate`] makes one to keep.
    pub fn new() -> Result<Self, KeyError> {
        Self::parse(&Self::generate()?)
    }

    /// The text of a new one.
    pub fn generate() -> Result<Secret, KeyError> {
        let mut seed = [0; KEY_BYTES];
        let filled = SystemRandom::new().fill(&mut seed);
        filled.map_err(|_unspecified| KeyError::NoRandomness)?;
        Ok(URL_SAFE_NO_PAD.encode(seed).into())
    }

    /// From its text: base64 of the 32 bytes [`SigningKey::generate`] gives, or of a PKCS#8 document
    /// such as `openssl genpkey -algorithm ed25519 -outform DER` writes.
    pub fn parse(text: &Secret) -> Result<Self, KeyError> {
        let text = text.reveal().trim();
        let url_safe = URL_SAFE_NO_PAD.decode(text);
        let bytes = url_safe.or_else(|_other| STANDARD.decode(text));
        let bytes = bytes.map_err(|_malformed| KeyError::NoSecretKey)?;
        let pair = if bytes.len() == KEY_BYTES {
            Ed25519KeyPair::from_seed_unchecked(&bytes)
        } else {
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes)
        };
        let pair = pair.map_err(|_rejected| KeyError::NoSecretKey)?;
        let id = thumbprint(pair.public_key().as_ref());
        Ok(Self { pair, id })
    }

    /// What its statements name it by: the `kid`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its public part as text: what a pool of floating seats is made out to.
    pub fn public_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.pair.public_key())
    }

    /// The set of its public part alone.
    pub fn public(&self) -> PublicKeys {
        PublicKeys(vec![PublicKey {
            id: self.id.clone(),
            bytes: self.pair.public_key().as_ref().to_vec(),
        }])
    }

    /// A statement, signed: a JWT.
    pub fn sign<S: Statement>(&self, statement: &S) -> String {
        statement::seal(statement, &self.id, |text| {
            self.pair.sign(text).as_ref().to_vec()
        })
    }
}

/// The secret is not printed.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Keys that verify leases: the one in use, and while it is being replaced the ones before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeys(Vec<PublicKey>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct PublicKey {
    id: String,
    bytes: Vec<u8>,
}

/// A JWK set, as far as it matters here; keys of other kinds are passed over.
#[derive(Serialize, Deserialize)]
struct JwkSet {
    keys: Vec<Jwk>,
}

#[derive(Serialize, Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    alg: String,
    #[serde(default, rename = "use")]
    purpose: String,
}

impl PublicKeys {
    /// From what `GET /api/license/keys` answers.
    pub fn parse(jwks: &str) -> Result<Self, KeyError> {
        let set: JwkSet = serde_json::from_str(jwks).map_err(|_malformed| KeyError::NoKeySet)?;
        let keys = set.keys.iter().take(KEYS_MAX).filter_map(PublicKey::of);
        let keys: Vec<PublicKey> = keys.collect();
        if keys.is_empty() {
            return Err(KeyError::NoKeys);
        }
        Ok(Self(keys))
    }

    /// Of one key, as [`SigningKey::public_text`] has it.
    pub fn of_text(text: &str) -> Result<Self, KeyError> {
        let bytes = URL_SAFE_NO_PAD.decode(text);
        let bytes = bytes.map_err(|_malformed| KeyError::NoKeys)?;
        PublicKey::of_bytes(bytes)
            .map(|key| Self(vec![key]))
            .ok_or(KeyError::NoKeys)
    }

    /// Those of both.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// As a JWK set.
    pub fn jwks(&self) -> String {
        let keys = self.0.iter().map(PublicKey::jwk).collect();
        // Texts always have a JSON form.
        serde_json::to_string(&JwkSet { keys }).unwrap_or_default()
    }

    /// Whether the key of this id signed it; `None` when there is no such key.
    pub(super) fn signed(&self, id: &str, text: &[u8], signature: &[u8]) -> Option<bool> {
        let key = self.0.iter().find(|key| key.id == id)?;
        let verified = UnparsedPublicKey::new(&ED25519, &key.bytes).verify(text, signature);
        Some(verified.is_ok())
    }
}

impl PublicKey {
    /// Its id is made anew: a set cannot give one key the name of another.
    fn of(jwk: &Jwk) -> Option<Self> {
        let ours = jwk.kty == "OKP" && jwk.crv == "Ed25519";
        let bytes = ours.then(|| URL_SAFE_NO_PAD.decode(&jwk.x).ok());
        Self::of_bytes(bytes.flatten()?)
    }

    fn of_bytes(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() == KEY_BYTES).then(|| Self {
            id: thumbprint(&bytes),
            bytes,
        })
    }

    fn jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: URL_SAFE_NO_PAD.encode(&self.bytes),
            kid: self.id.clone(),
            alg: statement::ALGORITHM.to_owned(),
            purpose: "sig".to_owned(),
        }
    }
}

/// RFC 7638: the hash of the members that make the key, in their order.
fn thumbprint(public: &[u8]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members.as_bytes()))
}

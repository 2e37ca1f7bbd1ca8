//! Server keys: minted once, shown once, kept as a hash, remembered briefly.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use polarkit_store::{ApiKey, Error, Store};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// How long an answer of the store about a key is believed: a revoked key works this much longer.
const BELIEVED: SignedDuration = SignedDuration::from_secs(5);
/// Keys, real or not, remembered at once; beyond it all are forgotten and asked again.
const REMEMBERED_MAX: usize = 4_096;

/// A key that was just made; its text is shown this once.
#[derive(Debug)]
pub struct NewKey {
    /// Names the key in lists, and to revoke it.
    pub id: String,
    /// The key itself.
    pub key: SecretString,
}

/// Makes a server key of these scopes (`*` for all) and stores its hash.
pub async fn create(
    store: &Store,
    name: &str,
    scopes: &[&str],
    now: Timestamp,
) -> Result<NewKey, CreateError> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(CreateError::Random)?;
    let key: SecretString = format!("pk_{}", URL_SAFE_NO_PAD.encode(random)).into();
    let id = format!("key_{}", uuid::Uuid::new_v4().simple());
    let row = ApiKey {
        id: id.clone(),
        name: name.to_owned(),
        hash: hex(&hash(key.expose_secret())),
        scopes: scopes.join(" "),
        created_at: now.as_microsecond(),
        revoked_at: None,
    };
    store.add_api_key(&row).await?;
    Ok(NewKey { id, key })
}

/// Why no key could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random(#[source] getrandom::Error),
    /// The key could not be stored.
    #[error("the key could not be stored")]
    Store(#[from] Error),
}

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: Arc<str>,
    scopes: Arc<[String]>,
}

impl Known {
    pub(crate) fn allows(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == "*" || own == scope)
    }
}

/// What a key is known by.
type Hash = [u8; 32];

/// The keys in use: those of the environment for ever, those of the store for a moment.
#[derive(Debug)]
pub(crate) struct Keys {
    fixed: HashMap<Hash, Known>,
    remembered: RwLock<HashMap<Hash, (Timestamp, Option<Known>)>>,
}

impl Keys {
    pub(crate) fn new(fixed: &[SecretString]) -> Self {
        let known = |number: usize| Known {
            id: format!("env_{}", number + 1).into(),
            scopes: Arc::from(["*".to_owned()]),
        };
        let fixed = fixed.iter().enumerate();
        let fixed = fixed.map(|(number, key)| (hash(key.expose_secret()), known(number)));
        Self {
            fixed: fixed.collect(),
            remembered: RwLock::default(),
        }
    }

    /// Who calls with this key, if anyone may.
    ///
    /// Looked up by hash: how long it takes says nothing about the key.
    pub(crate) async fn find(
        &self,
        key: &str,
        store: &Store,
        now: Timestamp,
    ) -> Result<Option<Known>, Error> {
        let hash = hash(key);
        if let Some(known) = self.fixed.get(&hash) {
            return Ok(Some(known.clone()));
        }
        if let Some(answer) = self.remembered(&hash, now) {
            return Ok(answer);
        }
        let found = store.api_key(&hex(&hash)).await?.map(|row| Known {
            id: row.id.into(),
            scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
        });
        self.remember(hash, now, found.clone());
        Ok(found)
    }

    fn remember(&self, hash: Hash, now: Timestamp, answer: Option<Known>) {
        let mut remembered = self
            .remembered
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(hash, (now, answer));
    }

    /// What the store said of a key a moment ago.
    #[expect(
        clippy::option_option,
        reason = "not known, known to be nobody's, or someone's"
    )]
    fn remembered(&self, hash: &Hash, now: Timestamp) -> Option<Option<Known>> {
        let remembered = self
            .remembered
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let (asked, answer) = remembered.get(hash)?;
        (now.duration_since(*asked).abs() < BELIEVED).then(|| answer.clone())
    }
}

fn hash(key: &str) -> Hash {
    Sha256::digest(key.as_bytes()).into()
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    halves
        .filter_map(|half| char::from_digit(half.into(), 16))
        .collect()
}

//! The gateway's keys for leases: the newest signs, all are published.

use polarkit::license::{KeyError, PublicKeys, SigningKey, Statement};
use polarkit_model::Secret;

/// Signs with the first key of the configuration.
#[derive(Debug)]
pub(crate) struct Signer {
    newest: SigningKey,
    all: PublicKeys,
}

impl Signer {
    /// Of the configured keys, the newest first.
    pub(crate) fn of(keys: impl IntoIterator<Item = Secret>) -> Result<Self, KeyError> {
        let keys = keys.into_iter().map(|key| SigningKey::parse(&key));
        let keys: Vec<SigningKey> = keys.collect::<Result<_, _>>()?;
        let sets = keys.iter().map(SigningKey::public);
        let all = sets.reduce(PublicKeys::and).ok_or(KeyError::NoKeys)?;
        let newest = keys.into_iter().next().ok_or(KeyError::NoKeys)?;
        Ok(Self { newest, all })
    }

    pub(crate) fn sign<S: Statement>(&self, statement: &S) -> String {
        self.newest.sign(statement)
    }

    /// All public parts, as a JWK set.
    pub(crate) fn jwks(&self) -> String {
        self.all.jwks()
    }
}

//! An organization access token: who holds it may act for the organization, within its scopes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Handler;
use crate::resource::organization::Organization;
use crate::world::{Id, World, found_by};

/// The operations of this noun that the sandbox really does: Polar's public API has none.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[];

const PREFIX: &str = "polar_oat_";

/// One token. Its text is kept because the control face hands it out; Polar keeps only a hash.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AccessToken {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) token: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) created_at: Timestamp,
}

found_by!(AccessToken: token);

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken")
            .field("id", &self.id)
            .field("organization", &self.organization)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl World {
    /// A new token of `organization` that may do what `scopes` say.
    pub(crate) fn issue_access_token(
        &mut self,
        organization: Id<Organization>,
        scopes: Vec<String>,
    ) -> Id<AccessToken> {
        let id = self.chance.id();
        let created_at = self.stamp();
        let token = self.chance.token(PREFIX);
        let row = AccessToken {
            id,
            organization,
            token,
            scopes,
            created_at,
        };
        self.access_tokens.insert(id, row);
        id
    }

    /// The row of an organization access token.
    pub(crate) fn access_token(&self, text: &str) -> Option<&AccessToken> {
        self.access_tokens.of(text).find(|row| row.token == text)
    }
}

/// Every scope that some operation asks for.
pub(crate) fn every_scope() -> Vec<String> {
    let scopes: BTreeSet<&String> = polarkit_spec::facts()
        .operations
        .iter()
        .flat_map(|operation| &operation.scopes)
        .collect();
    scopes.into_iter().cloned().collect()
}

//! Who is who: the tokens the seeded world hands out, and what a bearer token stands for.

use serde::{Deserialize, Serialize};

use crate::call::Caller;
use crate::resource::access_token::AccessToken;
use crate::resource::organization::{self, Organization};
use crate::world::{Id, World};

/// The tokens made with the world. A reset keeps them: whoever holds one goes on working.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// Acts for the main organization with every scope.
    pub(crate) main: Id<AccessToken>,
    /// Acts for the main organization, only to read products.
    pub(crate) limited: Id<AccessToken>,
    /// Acts for a second organization.
    pub(crate) other: Id<AccessToken>,
    /// The main organization.
    pub(crate) organization: Id<Organization>,
    /// What whoever adds a webhook endpoint for local development should sign with.
    pub(crate) webhook_secret: String,
}

/// A bearer token, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) caller: Caller,
    pub(crate) scopes: Vec<String>,
}

impl World {
    /// What `token` stands for now; `None` when it is unknown, expired or revoked, or its
    /// organization is blocked.
    pub(crate) fn resolve_token(&self, token: &str) -> Option<Bearer> {
        if token.starts_with("polar_oat_") {
            let row = self.access_token(token)?;
            if !organization::capabilities(self, row.organization).api_access {
                return None;
            }
            return Some(Bearer {
                caller: Caller::Organization(row.organization),
                scopes: row.scopes.clone(),
            });
        }
        self.session_caller(token).map(|caller| Bearer {
            caller,
            scopes: vec!["customer_portal:write".to_owned()],
        })
    }
}

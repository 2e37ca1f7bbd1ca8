//! OAuth 2 beside its operations: where a user is sent, and the proof that the code is brought
//! back by whoever sent them.
//!
//! ```no_run
//! # async fn example(polar: polarkit::Polar) -> Result<(), Box<dyn std::error::Error>> {
//! use polarkit::{model::AuthorizationCodeTokenRequest, oauth2::Verifier};
//!
//! let verifier = Verifier::new(); // kept in the user's session until they come back
//! let back = "https://app.example/callback";
//! let there = polar
//!     .oauth2()
//!     .authorize_url("polar_ci_…", back)
//!     .scope("openid")
//!     .scope("orders:read")
//!     .state("…")
//!     .challenge(&verifier);
//! println!("send the user to {there}");
//!
//! // They come back to `…/callback?code=…&state=…`.
//! let request = AuthorizationCodeTokenRequest::new("polar_ci_…", "polar_cs_…", "polar_ac_…", back)
//!     .code_verifier(verifier.reveal());
//! let tokens = polar.oauth2().token(request).await?;
//! let user = polar.oauth2().userinfo().with_token(tokens.access_token).await?;
//! # Ok(()) }
//! ```
//!
//! Tokens are exchanged, refreshed, introspected and revoked by [the group's
//! operations](crate::operations::oauth2::Oauth2); none of them takes the client's own token, but
//! the id and the secret of an OAuth 2 client.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use polarkit_model::{Secret, Uuid};
use sha2::{Digest as _, Sha256};

use crate::{operations::oauth2::Oauth2, server::Server};

impl Oauth2<'_> {
    /// Where to send a user who is to let an OAuth 2 client act for them: a redirect of their
    /// browser, not a call. `redirect_uri` is where they come back to, one of those the client is
    /// registered with. With a server of your own the page is under its address.
    pub fn authorize_url(&self, client_id: &str, redirect_uri: &str) -> AuthorizeUrl {
        AuthorizeUrl::new(self.polar.server(), client_id, redirect_uri)
    }
}

/// The address of the page that asks a user for authorization. Print it to have it.
#[derive(Clone)]
#[must_use]
pub struct AuthorizeUrl {
    front: String,
    query: Vec<(&'static str, String)>,
    scopes: Vec<String>,
}

impl AuthorizeUrl {
    fn new(server: &Server, client_id: &str, redirect_uri: &str) -> Self {
        let front = match server {
            Server::Production => "https://polar.sh",
            Server::Sandbox => "https://sandbox.polar.sh",
            Server::At(base) => base,
        };
        Self {
            front: front.to_owned(),
            query: vec![
                ("response_type", "code".to_owned()),
                ("client_id", client_id.to_owned()),
                ("redirect_uri", redirect_uri.to_owned()),
            ],
            scopes: Vec::new(),
        }
    }

    /// Asks for a scope, such as `orders:read`; may be given several times. Without any, for all
    /// that the client is registered with.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// What comes back as it is, to tell the user's own return from a forged one.
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.query.push(("state", state.into()));
        self
    }

    /// Binds the code to this verifier: only who has it can exchange the code (PKCE, S256).
    pub fn challenge(mut self, verifier: &Verifier) -> Self {
        self.query.push(("code_challenge", verifier.challenge()));
        self.query
            .push(("code_challenge_method", "S256".to_owned()));
        self
    }

    /// Asks for a token of an organization the user chooses, not of the user.
    pub fn for_organization(mut self) -> Self {
        self.query.push(("sub_type", "organization".to_owned()));
        self
    }
}

impl fmt::Display for AuthorizeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        if !self.scopes.is_empty() {
            query.append_pair("scope", &self.scopes.join(" "));
        }
        write!(f, "{}/oauth2/authorize?{}", self.front, query.finish())
    }
}

/// Not its query: `state` may be a secret of the application.
impl fmt::Debug for AuthorizeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeUrl")
            .field("front", &self.front)
            .finish_non_exhaustive()
    }
}

/// The secret behind a [challenge](AuthorizeUrl::challenge), by RFC 7636.
#[derive(Debug, Clone)]
pub struct Verifier(Secret);

impl Verifier {
    /// A new one, of 244 bits of chance.
    #[expect(clippy::new_without_default, reason = "no two are the same")]
    pub fn new() -> Self {
        let chance = [Uuid::new_v4(), Uuid::new_v4()]
            .map(Uuid::into_bytes)
            .concat();
        Self(BASE64_URL_SAFE_NO_PAD.encode(chance).into())
    }

    /// The one that was kept while the user was away.
    pub fn kept(text: impl Into<Secret>) -> Self {
        Self(text.into())
    }

    /// The only way out: to keep it, and to send it with the code.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// What may be seen of it.
    fn challenge(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.reveal()))
    }
}

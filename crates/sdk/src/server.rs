//! Which Polar is meant: one meaning everywhere, parsed once.

use std::{fmt, str::FromStr};

use url::Url;

/// A Polar server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Server {
    /// The real one, with real money.
    #[default]
    Production,
    /// Polar's public sandbox.
    Sandbox,
    /// Another, such as a sandbox on this machine. Without a slash at the end.
    At(String),
}

impl Server {
    /// Where its API is, without a slash at the end.
    pub fn base(&self) -> &str {
        match self {
            Self::Production => "https://api.polar.sh",
            Self::Sandbox => "https://sandbox-api.polar.sh",
            Self::At(base) => base,
        }
    }

    /// The same server, if its address is one.
    pub(crate) fn checked(self) -> Result<Self, ServerError> {
        match self {
            Self::At(base) => parse_url(&base),
            known => Ok(known),
        }
    }

    /// Whether what is said to it is encrypted.
    #[cfg(feature = "reqwest")]
    pub(crate) fn is_encrypted(&self) -> bool {
        self.base().starts_with("https:")
    }
}

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "production" => Ok(Self::Production),
            "sandbox" => Ok(Self::Sandbox),
            other => parse_url(other),
        }
    }
}

fn parse_url(text: &str) -> Result<Server, ServerError> {
    let refused = || ServerError {
        text: text.to_owned(),
    };
    let url = Url::parse(text).map_err(|_not_a_url| refused())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !plain {
        return Err(refused());
    }
    Ok(Server::At(url.as_str().trim_end_matches('/').to_owned()))
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
            Self::At(base) => base,
        })
    }
}

/// A text that means no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no Polar server: write `sandbox`, `production`, or a URL such as http://127.0.0.1:8787"
)]
pub struct ServerError {
    text: String,
}

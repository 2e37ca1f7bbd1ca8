//! The variables a client is told by: `POLAR_ACCESS_TOKEN` and `POLAR_SERVER`.

use crate::{
    builder::{BuildError, Builder},
    client::Polar,
    server::Server,
};

const TOKEN: &str = "POLAR_ACCESS_TOKEN";
const SERVER: &str = "POLAR_SERVER";

impl Polar {
    /// A client as the environment says. See [`Builder::from_env`].
    ///
    /// ```no_run
    /// # fn main() -> Result<(), polarkit::BuildError> {
    /// let polar = polarkit::Polar::from_env()?;
    /// # Ok(()) }
    /// ```
    pub fn from_env() -> Result<Self, BuildError> {
        Builder::from_env()?.build()
    }
}

impl Builder {
    /// A client about to be made as the environment says:
    ///
    /// | variable | value |
    /// |---|---|
    /// | `POLAR_ACCESS_TOKEN` | an organization access token; required |
    /// | `POLAR_SERVER` | `sandbox`, `production`, or a URL; `sandbox` unless set |
    ///
    /// Note the default: without `POLAR_SERVER` no real money moves. A variable that is empty
    /// counts as not set, and white space around a value as not there.
    pub fn from_env() -> Result<Self, EnvironmentError> {
        Self::from_variables(|name| {
            let value = std::env::var_os(name)?;
            Some(value.to_string_lossy().into_owned())
        })
    }

    /// The same from variables that are kept elsewhere: a settings file, a test.
    ///
    /// ```
    /// use polarkit::{Builder, Server};
    ///
    /// let variables = [("POLAR_ACCESS_TOKEN", "polar_oat_example"), ("POLAR_SERVER", "production")];
    /// let builder = Builder::from_variables(|name| {
    ///     let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
    ///     Some((*value).to_owned())
    /// });
    /// assert!(builder.is_ok());
    /// ```
    pub fn from_variables(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, EnvironmentError> {
        let get = |name| {
            let value = lookup(name)?.trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let token = get(TOKEN).ok_or_else(|| token_is("is not set"))?;
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(token_is("is no token"));
        }
        let server = get(SERVER).map_or(Ok(Server::Sandbox), |text| text.parse());
        let server = server.map_err(|_said_in_other_words| EnvironmentError {
            variable: SERVER,
            problem: "is no Polar server",
            remedy: "set it to sandbox, to production, or to a URL such as http://127.0.0.1:8787",
        })?;
        Ok(Self::default().server(server).token(token))
    }
}

fn token_is(problem: &'static str) -> EnvironmentError {
    EnvironmentError {
        variable: TOKEN,
        problem,
        remedy: "create an organization access token in Polar's dashboard \
                 (Settings → Developers) and set it; it begins with polar_oat_",
    }
}

/// A variable that is missing or malformed, and what to do about it. Its value is never told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}: {remedy}")]
#[non_exhaustive]
pub struct EnvironmentError {
    /// Its name.
    pub variable: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

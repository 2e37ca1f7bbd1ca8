//! Log lines go to stderr, as many as `LOG_LEVEL` or `DEBUG` ask for.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::settings::Settings;

/// What the libraries below us have to say is rarely of interest.
const QUIET: &str =
    "sqlx=warn,hyper=warn,hyper_util=warn,reqwest=warn,h2=warn,rustls=warn,tower=warn";

/// Starts logging, at `info` unless something else was asked for.
pub(crate) fn start(settings: &Settings) -> Result<(), Failure> {
    let level = settings.log_level().unwrap_or_else(|| "info".to_owned());
    let filter = EnvFilter::try_new(format!("{QUIET},{}", level.to_lowercase()))
        .with_context(|| format!("LOG_LEVEL is {level:?}, which is no level and no filter"))
        .map_err(|cause| {
            Failure::configuration(cause).hint("use error, warn, info, debug or trace")
        })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        // A log line nobody reads any more must not end the task that wrote it.
        .log_internal_errors(false)
        .try_init()
        .map_err(|cause| anyhow::anyhow!(cause))?;
    Ok(())
}

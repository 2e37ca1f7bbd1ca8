//! What can be typed. Meaning is given in `command`; values of the environment and of files join in `settings`.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand};

/// Everything to build on Polar: a gateway beside your app, and Polar itself on your laptop.
#[derive(Debug, Parser)]
#[command(
    name = "polarkit",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) general: General,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct General {
    /// Settings file [default: polarkit.toml, when there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// How much to log to stderr: error, warn, info, debug, trace, or a filter such as info,polarkit=debug
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start Polar on this machine: the whole API with pages, webhooks and a clock you can move
    Sandbox(Sandbox),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sandbox {
    /// Port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 8787)]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// How a command answers.
#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// Answer with one line of JSON on stdout
    #[arg(long, action = ArgAction::SetTrue)]
    pub(crate) json: bool,
}

impl Command {
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::Sandbox(sandbox) => sandbox.output.json,
        }
    }
}

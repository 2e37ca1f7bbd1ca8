//! What can be typed. Meaning is given in `command`; values of the environment and of files join in `settings`.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
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
    /// Start everything for a look: sandbox, gateway and a demo shop, wired together
    Dev(Dev),
    /// Start the gateway: checkouts, webhooks, entitlements, usage and licences for your app
    Serve(Serve),
    /// Start the gateway and, before your app, a proxy that counts what each customer uses
    Meter(Box<Meter>),
    /// Start Polar on this machine: its API, its pages, its webhooks, and a clock you can move
    Sandbox(Sandbox),
    /// Hand out floating seats of a licence where no network reaches Polar
    Seats(Seats),
    /// Create, list and revoke the keys your app calls the gateway with
    #[command(subcommand)]
    Keys(Keys),
    /// Look after the database the gateway stores everything in
    #[command(subcommand)]
    Store(Store),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Dev {
    /// Port of the gateway and the shop; 0 picks a free one
    #[arg(long, default_value_t = 8000)]
    pub(crate) port: u16,
    /// Port of the sandbox; 0 picks a free one
    #[arg(long, default_value_t = 8787)]
    pub(crate) sandbox_port: u16,
    /// Keep everything in this folder over a restart; without it nothing is kept
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 8000)]
    pub(crate) port: u16,
    /// Address to listen on; 127.0.0.1 keeps it to this machine
    #[arg(long, default_value = "0.0.0.0")]
    pub(crate) host: std::net::IpAddr,
    /// Which Polar to talk to: sandbox, production, or a URL [setting: `POLAR_SERVER`]
    #[arg(long, value_name = "SERVER")]
    pub(crate) polar_server: Option<String>,
    /// Where to store everything: `sqlite:FILE` or `postgres://…` [setting: `DATABASE_URL`]
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Where buyers return to after paying [setting: `SUCCESS_URL`]
    #[arg(long, value_name = "URL")]
    pub(crate) success_url: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Meter {
    /// Where your app is, such as <http://127.0.0.1:3000> [setting: `POLARKIT_METER_UPSTREAM`]
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: Option<String>,
    /// Port your app's clients come to; 0 picks a free one
    #[arg(long, default_value_t = 8100)]
    pub(crate) port: u16,
    /// Port of the gateway; 0 picks a free one
    #[arg(long, default_value_t = 8000)]
    pub(crate) gateway_port: u16,
    /// Address both listen on; 127.0.0.1 keeps them to this machine
    #[arg(long, default_value = "0.0.0.0")]
    pub(crate) host: std::net::IpAddr,
    /// What counts as what, in TOML; without it every success is an `api_call` [setting: `POLARKIT_METER_RULES`]
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<String>,
    /// In which header a trusted proxy names the customer [setting: `POLARKIT_METER_CUSTOMER_HEADER`]
    #[arg(long, value_name = "NAME")]
    pub(crate) customer_header: Option<String>,
    /// Where such proxies are, such as 10.0.0.0/8 [setting: `POLARKIT_METER_TRUST_NETWORKS`]
    #[arg(long, value_name = "NETWORKS")]
    pub(crate) trust_networks: Option<String>,
    /// Refuse requests of nobody known [setting: `POLARKIT_METER_REQUIRE_CUSTOMER`]
    #[arg(long)]
    pub(crate) require_customer: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sandbox {
    /// Port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 8787)]
    pub(crate) port: u16,
    /// Keep the world in this folder over a restart; without it nothing is kept
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Seats {
    /// The pool, as `POST /api/license/pool` of the online gateway gave it
    #[arg(long, value_name = "FILE")]
    pub(crate) pool: PathBuf,
    /// The online gateway's public keys, as `GET /api/license/keys` answers them
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: PathBuf,
    /// This server's own secret key, as `polarkit keys lease-new` made it
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Where to note who holds a seat, as `sqlite:FILE`
    #[arg(long, value_name = "URL", default_value = "sqlite:seats.db")]
    pub(crate) database_url: String,
    /// Minutes a holder may be silent before its seat is free again
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1440))]
    pub(crate) silence_minutes: u16,
    /// Port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 8100)]
    pub(crate) port: u16,
    /// Address to listen on; 127.0.0.1 keeps it to this machine
    #[arg(long, default_value = "0.0.0.0")]
    pub(crate) host: std::net::IpAddr,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key and show it, once
    Create {
        /// What the key is for, so that it can be told from others
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Make a key that signs leases of licences, for `POLARKIT_LEASE_KEYS`, and show it, once
    LeaseNew {
        #[command(flatten)]
        output: Output,
    },
    /// Show which keys there are; the keys themselves are not stored
    List {
        #[command(flatten)]
        output: Output,
    },
    /// End a key; a gateway that runs takes it for up to 5 s more
    Revoke {
        /// The key's id, as `keys list` shows it
        id: String,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Move everything from a SQLite file to an empty PostgreSQL database; stop the gateway first
    Move {
        /// The file, as `sqlite:FILE`; it is only read [setting: `DATABASE_URL`]
        #[arg(long, value_name = "URL")]
        from: Option<String>,
        /// The database, as `postgres://…`; a password may also stand in `PGPASSWORD` or `~/.pgpass`
        #[arg(long, value_name = "URL")]
        to: String,
        #[command(flatten)]
        output: Output,
    },
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
            Self::Dev(dev) => dev.output.json,
            Self::Serve(serve) => serve.output.json,
            Self::Meter(meter) => meter.output.json,
            Self::Sandbox(sandbox) => sandbox.output.json,
            Self::Seats(seats) => seats.output.json,
            Self::Keys(
                Keys::Create { output, .. }
                | Keys::LeaseNew { output }
                | Keys::List { output }
                | Keys::Revoke { output, .. },
            )
            | Self::Store(Store::Move { output, .. }) => output.json,
        }
    }
}

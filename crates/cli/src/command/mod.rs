//! What each command means.

mod dev;
mod keys;
mod meter;
mod sandbox;
mod seats;
mod serve;
mod store;

use crate::args::{Args, Command};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::settings::Settings;
use crate::telemetry;

/// Does what was typed.
pub(crate) async fn run(args: Args, printer: &Printer) -> Result<(), Failure> {
    let settings = Settings::read(&args.general)?;
    telemetry::start(&settings)?;
    match args.command {
        Command::Dev(ask) => dev::run(ask, printer).await,
        Command::Serve(ask) => serve::run(ask, settings, printer).await,
        Command::Meter(ask) => meter::run(*ask, settings, printer).await,
        Command::Sandbox(ask) => sandbox::run(ask, printer).await,
        Command::Seats(ask) => seats::run(ask, printer).await,
        Command::Keys(ask) => keys::run(ask, settings, printer).await,
        Command::Store(ask) => store::run(ask, settings, printer).await,
    }
}

//! What each command means.

mod sandbox;

use crate::args::{Args, Command};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::settings::Settings;
use crate::telemetry;

/// Does what was typed.
pub(crate) async fn run(args: Args, printer: &Printer) -> Result<(), Failure> {
    let settings = Settings::read(&args.general)?;
    telemetry::start(&settings, "info")?;
    match args.command {
        Command::Sandbox(ask) => sandbox::run(ask, printer).await,
    }
}

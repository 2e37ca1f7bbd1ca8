//! The polarkit command line: what was typed becomes a command, and a command's outcome becomes an exit code.

mod args;

mod command;
mod failure;
mod listen;
mod printer;
mod settings;
mod shop;
mod stop;
mod telemetry;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::args::Args;
use crate::failure::Failure;
use crate::printer::Printer;

/// How long tasks that outlive their command may keep the process.
const FAREWELL: Duration = Duration::from_secs(1);

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    let printer = Printer::new(args.command.wants_json());
    match run(args, &printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => printer.fail(&failure),
    }
}

fn run(args: Args, printer: &Printer) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(command::run(args, printer));
    runtime.shutdown_timeout(FAREWELL);
    outcome
}

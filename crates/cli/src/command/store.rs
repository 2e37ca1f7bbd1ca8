//! `polarkit store`: the database everything is kept in. It can be moved from SQLite to PostgreSQL.

use std::fmt::Write as _;
use std::time::Instant;

use polarkit_gateway::config;
use polarkit_store::{Moved, Progress, Step, TransferError, transfer};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::args::Store;
use crate::command::serve::faulty;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::settings::Settings;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Answer {
    tables: Vec<Line>,
    rows: u64,
    milliseconds: u128,
}

/// One table that was moved.
#[derive(Debug, Serialize)]
struct Line {
    table: String,
    rows: u64,
    /// The same of the rows here and there.
    checksum: String,
    /// Texts in which U+FFFD stands for a NUL.
    mended: u64,
}

pub(super) async fn run(
    ask: Store,
    mut settings: Settings,
    printer: &Printer,
) -> Result<(), Failure> {
    match ask {
        Store::Move { from, to, .. } => {
            settings.flag("DATABASE_URL", from.as_ref());
            let from =
                config::database_url(&settings.into_values()).map_err(|faults| faulty(&faults))?;
            relocate(&from, &to.into(), printer).await
        }
    }
}

async fn relocate(
    from: &SecretString,
    to: &SecretString,
    printer: &Printer,
) -> Result<(), Failure> {
    let began = Instant::now();
    let mut seen = Ok(());
    let moved = transfer(from.expose_secret(), to.expose_secret(), |progress| {
        seen = printer.progress(talk(progress));
    })
    .await;
    printer.progress("")?;
    seen?;
    let answer = Answer::new(moved.map_err(explained)?, began.elapsed().as_millis());
    printer.answer(&answer, answer.table()?)?;
    for line in answer.tables.iter().filter(|line| line.mended > 0) {
        printer.note(format_args!(
            "In {} texts of {} U+FFFD stands for a NUL, which PostgreSQL cannot store.",
            line.mended, line.table
        ))?;
    }
    printer.note(
        "Everything was read back and is the same. Set DATABASE_URL to the new address and start the \
         gateway. The SQLite file is as it was: put it away, and start no gateway on it any more.",
    )?;
    Ok(())
}

fn talk(progress: Progress<'_>) -> String {
    let step = match progress.step {
        Step::Copy => "moving",
        Step::Verify => "comparing",
    };
    let Progress {
        table, rows, of, ..
    } = progress;
    format!("{step} {table}: {rows} of {of} rows")
}

/// The failure, and what to do about it. Neither address is shown: one may hold a password.
fn explained(error: TransferError) -> Failure {
    let hint = match &error {
        TransferError::Direction => "--from sqlite:FILE --to postgres://user@host/database",
        TransferError::NoSource(_) => "name the file with --from sqlite:FILE",
        TransferError::SourceInUse => "stop the gateway, then try again",
        TransferError::UnknownSource(_) => {
            "move it with the version of polarkit that the gateway runs"
        }
        TransferError::TargetInUse => "stop what runs on it, then try again",
        TransferError::TargetNotEmpty(_) | TransferError::UnknownTarget(_) => {
            "name a database or a schema that nothing is in yet"
        }
        _ => "nothing was changed: the move can be tried again",
    };
    let typed = matches!(error, TransferError::Direction | TransferError::NoSource(_));
    let failure = if typed {
        Failure::configuration(error)
    } else {
        Failure::from(error)
    };
    failure.hint(hint)
}

impl Answer {
    fn new(moved: Vec<Moved>, milliseconds: u128) -> Self {
        let rows = moved.iter().map(|one| one.rows).sum();
        let tables = moved.into_iter().map(Line::from).collect();
        Self {
            tables,
            rows,
            milliseconds,
        }
    }

    fn table(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::from("TABLE                 ROWS  CHECKSUM");
        for line in &self.tables {
            write!(
                text,
                "\n{:<14} {:>11}  {}",
                line.table, line.rows, line.checksum
            )?;
        }
        let (seconds, tenths) = (self.milliseconds / 1_000, self.milliseconds / 100 % 10);
        write!(
            text,
            "\n{:<14} {:>11}  in {seconds}.{tenths} s",
            "all", self.rows
        )?;
        Ok(text)
    }
}

impl From<Moved> for Line {
    fn from(moved: Moved) -> Self {
        let Moved {
            table,
            rows,
            mended,
            checksum,
        } = moved;
        Self {
            table,
            rows,
            checksum,
            mended,
        }
    }
}

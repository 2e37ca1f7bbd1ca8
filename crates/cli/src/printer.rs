//! The only module that prints: data goes to stdout, talk goes to stderr, a hint stands last.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;

use crate::failure::Failure;

/// What makes room for the next word of progress.
const CLEAR_LINE: &str = "\r\u{1b}[2K";

/// Where a command's words go.
#[derive(Debug)]
pub(crate) struct Printer {
    json: bool,
    terminal: bool,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            terminal: io::stderr().is_terminal(),
        }
    }

    /// The command's answer: one JSON line when that was asked for, else the text for people.
    pub(crate) fn answer(&self, data: &impl Serialize, text: impl Display) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", serde_json::to_string(data)?)?;
        } else {
            writeln!(out, "{text}")?;
        }
        out.flush()
    }

    /// A remark beside the answer, for people only.
    pub(crate) fn note(&self, talk: impl Display) -> io::Result<()> {
        if self.json { Ok(()) } else { say(talk) }
    }

    /// How far long work has come: one line that the next overwrites, for people at a terminal.
    pub(crate) fn progress(&self, talk: impl Display) -> io::Result<()> {
        if self.json || !self.terminal {
            return Ok(());
        }
        let mut err = io::stderr().lock();
        write!(err, "{CLEAR_LINE}{talk}")?;
        err.flush()
    }

    /// Tells a script that servers are up; people read `talk` instead.
    pub(crate) fn ready(&self, data: &impl Serialize, talk: impl Display) -> io::Result<()> {
        if !self.json {
            return say(talk);
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(data)?)?;
        out.flush()
    }

    /// Says what went wrong, from the outermost cause to the innermost, then the hint.
    pub(crate) fn fail(&self, failure: &Failure) -> ExitCode {
        let mut lines = vec![format!("{} {}", self.mark("error:", "1;31"), failure.cause)];
        lines.extend(
            failure
                .cause
                .chain()
                .skip(1)
                .map(|cause| format!("  because: {cause}")),
        );
        if let Some(hint) = &failure.hint {
            lines.push(format!("{} {hint}", self.mark("hint:", "1;36")));
        }
        match say(lines.join("\n")) {
            // Nobody reads stderr: the exit code still tells.
            Ok(()) | Err(_) => failure.exit.into(),
        }
    }

    fn mark(&self, word: &str, colour: &str) -> String {
        if self.terminal {
            format!("\u{1b}[{colour}m{word}\u{1b}[0m")
        } else {
            word.to_owned()
        }
    }
}

fn say(talk: impl Display) -> io::Result<()> {
    writeln!(io::stderr().lock(), "{talk}")
}

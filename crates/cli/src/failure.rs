//! How a command fails: the cause, one hint of what to do, and the exit code scripts can rely on.

use std::process::ExitCode;

/// Why a command ended without having done its work.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) cause: anyhow::Error,
    pub(crate) hint: Option<String>,
    pub(crate) exit: Exit,
}

/// What kind of failure it was; the numbers are promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 1: it was asked for rightly, and did not work.
    Failed,
    /// 2: what was typed or configured is wrong; trying again won't help.
    Configuration,
}

impl Failure {
    /// Something typed or configured is wrong.
    pub(crate) fn configuration(cause: impl Into<anyhow::Error>) -> Self {
        Self {
            cause: cause.into(),
            hint: None,
            exit: Exit::Configuration,
        }
    }

    /// It did not work, and what can be done about it where that can be said.
    pub(crate) fn remedied(remedy: Option<&str>, cause: impl Into<anyhow::Error>) -> Self {
        Self {
            hint: remedy.map(str::to_owned),
            ..Self::from(cause)
        }
    }

    /// Adds what to do about it, in one line.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(cause: E) -> Self {
        Self {
            cause: cause.into(),
            hint: None,
            exit: Exit::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Failed => Self::from(1),
            Exit::Configuration => Self::from(2),
        }
    }
}

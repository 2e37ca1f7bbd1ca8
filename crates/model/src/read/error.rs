//! Why a value could not be read, and where it stood.

use std::fmt;

/// Why a value could not be read, and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    path: String,
    problem: String,
}

impl ReadError {
    /// A problem with the whole.
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self::at(String::new(), problem)
    }

    /// A problem somewhere inside.
    pub(crate) fn at(path: String, problem: impl Into<String>) -> Self {
        Self {
            path,
            problem: problem.into(),
        }
    }

    /// The way to the field, such as `items[3].price.id`; empty for the whole.
    pub fn path(&self) -> String {
        self.path.clone()
    }

    /// What was wrong there.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.problem),
            path => write!(f, "{} at `{path}`", self.problem),
        }
    }
}

impl std::error::Error for ReadError {}

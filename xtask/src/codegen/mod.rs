//! Code generation: an OpenAPI document → `spec/facts.json` → Rust.

mod facts;
mod openapi;
mod overrides;
mod pretty;
mod rust;
mod shape;

#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use polarkit_spec::Facts;

use self::overrides::Overrides;

/// Where the document lies when no path is given and it is there at all.
const DOCUMENT: &str = "../shared/polar/openapi/2026-10.json";

/// What to do.
pub(crate) struct Task {
    /// The repository's root.
    pub root: PathBuf,
    /// The OpenAPI document; without one, and without the usual one, facts stay as they are.
    pub document: Option<PathBuf>,
    /// Change nothing; fail when something would change.
    pub check: bool,
}

/// Writes every generated file, or compares.
pub(crate) fn run(task: &Task) -> Result<()> {
    let mut output = Output {
        check: task.check,
        different: Vec::new(),
    };
    let overrides: Overrides = toml::from_str(&read(&task.root.join("spec/overrides.toml"))?)?;
    let facts_path = task.root.join("spec/facts.json");
    let facts = match find_document(task) {
        Some(document) => read_document(&document, &overrides)?,
        None => Facts::from_json(&read(&facts_path)?)?,
    };
    output.put(&facts_path, &pretty::print(&serde_json::to_value(&facts)?))?;
    for (path, text) in rust::emit(&facts, &overrides, &task.root)? {
        output.put(&path, &text)?;
    }
    output.finish()
}

fn find_document(task: &Task) -> Option<PathBuf> {
    let usual = task.root.join(DOCUMENT);
    task.document
        .clone()
        .or_else(|| usual.exists().then_some(usual))
}

fn read_document(path: &Path, overrides: &Overrides) -> Result<Facts> {
    let text = read(path)?;
    let document = serde_json::from_str(&text)
        .with_context(|| format!("{} is not the document we know", path.display()))?;
    facts::gather(document, overrides)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

struct Output {
    check: bool,
    different: Vec<PathBuf>,
}

impl Output {
    fn put(&mut self, path: &Path, text: &str) -> Result<()> {
        if fs::read_to_string(path).is_ok_and(|present| present == text) {
            return Ok(());
        }
        self.different.push(path.to_owned());
        if self.check {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    }

    fn finish(self) -> Result<()> {
        if !self.check || self.different.is_empty() {
            return Ok(());
        }
        let files: Vec<_> = self
            .different
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        bail!(
            "not what the generator writes (run `cargo run -p xtask -- codegen`): {}",
            files.join(", ")
        )
    }
}

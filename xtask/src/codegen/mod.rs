//! Code generation: an OpenAPI document → `spec/facts.json` → Rust.

mod facts;
mod openapi;
mod overrides;
mod pretty;
mod rust;
mod shape;
mod versions;

#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use polarkit_spec::Facts;

use self::overrides::Overrides;

/// Where the documents lie, each named after its version, when no paths are given and they are
/// there at all.
const DOCUMENTS: &str = "../shared/polar/openapi";

/// What to do.
pub(crate) struct Task {
    /// The repository's root.
    pub root: PathBuf,
    /// The OpenAPI documents, one a version; without any, and without the usual ones, facts stay
    /// as they are.
    pub documents: Vec<PathBuf>,
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
    let documents = find_documents(task, &overrides);
    let facts = if documents.is_empty() {
        Facts::from_json(&read(&facts_path)?)?
    } else {
        read_documents(&documents, &overrides)?
    };
    output.put(&facts_path, &pretty::print(&serde_json::to_value(&facts)?))?;
    for (path, text) in rust::emit(&facts, &overrides, &task.root)? {
        output.put(&path, &text)?;
    }
    output.finish()
}

/// The documents given, else the usual ones: all of them or none, for facts are what all say.
fn find_documents(task: &Task, overrides: &Overrides) -> Vec<PathBuf> {
    if !task.documents.is_empty() {
        return task.documents.clone();
    }
    let folder = task.root.join(DOCUMENTS);
    let versions = overrides.versions.documents.iter();
    let usual: Vec<_> = versions
        .map(|version| folder.join(format!("{version}.json")))
        .collect();
    if usual.iter().all(|path| path.exists()) {
        usual
    } else {
        Vec::new()
    }
}

/// The facts of several documents, whichever order they come in.
fn read_documents(paths: &[PathBuf], overrides: &Overrides) -> Result<Facts> {
    let mut facts = Vec::new();
    for path in paths {
        let text = read(path)?;
        let document = serde_json::from_str(&text)
            .with_context(|| format!("{} is not the document we know", path.display()))?;
        facts.push(facts::gather(document)?);
    }
    facts.sort_by(|one, two| two.document_version.cmp(&one.document_version));
    let newest = facts.remove(0);
    overrides.complete(versions::merge(newest, facts)?)
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

//! Holds the tree to the rules no linter knows: where things may lie, how files open, who may use whom.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The crates of this workspace that each may name under `[dependencies]`. Tests may add the sandbox anywhere.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("spec", &[]),
    ("xtask", &["polarkit-spec"]),
    ("crates/model", &[]),
    ("crates/sdk", &["polarkit-model"]),
    ("crates/store", &["polarkit-model"]),
    ("crates/sandbox", &["polarkit-model", "polarkit-spec"]),
    (
        "crates/gateway",
        &["polarkit", "polarkit-model", "polarkit-store"],
    ),
    ("crates/actix", &["polarkit"]),
    (
        "crates/cli",
        &[
            "polarkit",
            "polarkit-gateway",
            "polarkit-model",
            "polarkit-sandbox",
            "polarkit-spec",
            "polarkit-store",
        ],
    ),
];

/// Names that say nothing of what lies behind them.
const REFUSED_NAMES: [&str; 12] = [
    "base", "common", "core", "helper", "helpers", "impl", "manager", "misc", "service", "types",
    "util", "utils",
];

/// A hand-written file that grows past this holds two nouns.
const LINES_MAX: usize = 500;
/// Stories are longer.
const TEST_LINES_MAX: usize = 1000;

/// Checks every tracked file and names all that is wrong at once.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut wrong = Vec::new();
    for file in tracked(root)? {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => rust_file(root, &file, &mut wrong)?,
            Some("md") => document(&file, &mut wrong),
            _ => {}
        }
    }
    for (folder, allowed) in MAY_USE {
        dependencies(root, folder, allowed, &mut wrong)?;
    }
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("the tree is untidy:\n  {}", wrong.join("\n  "))
}

fn tracked(root: &Path) -> Result<Vec<PathBuf>> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git should list the files")?;
    let names = String::from_utf8(listed.stdout)?;
    let files = names.lines().map(PathBuf::from);
    Ok(files.filter(|file| root.join(file).exists()).collect())
}

fn rust_file(root: &Path, file: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let shown = file.display();
    if parts(file).any(|part| part == "generated" || part == "golden") {
        return Ok(());
    }
    if let Some(name) = parts(file).find(|part| REFUSED_NAMES.contains(part)) {
        wrong.push(format!("{shown}: `{name}` does not say what lies there"));
    }
    let text = std::fs::read_to_string(root.join(file))
        .with_context(|| format!("{shown} should be readable"))?;
    let is_test = parts(file).any(|part| part == "tests");
    if !is_test && !text.starts_with("//!") {
        wrong.push(format!(
            "{shown}: opens without a `//!` sentence that says why it exists"
        ));
    }
    let most = if is_test { TEST_LINES_MAX } else { LINES_MAX };
    let lines = text.lines().count();
    if lines > most {
        wrong.push(format!("{shown}: {lines} lines, {most} at most"));
    }
    Ok(())
}

/// Documents lie where readers look: at the top, in `docs`, beside a crate, or in its own
/// documentation, which includes them.
fn document(file: &Path, wrong: &mut Vec<String>) {
    let top = file.components().count() == 1;
    let place = file.starts_with("docs")
        || file.starts_with("crates/sdk/src/nouns")
        || file.file_name().is_some_and(|name| name == "README.md");
    if !top && !place {
        wrong.push(format!(
            "{}: documents belong at the top or in docs/",
            file.display()
        ));
    }
}

fn dependencies(
    root: &Path,
    folder: &str,
    allowed: &[&str],
    wrong: &mut Vec<String>,
) -> Result<()> {
    let text = std::fs::read_to_string(root.join(folder).join("Cargo.toml"))
        .with_context(|| format!("{folder} should be a crate"))?;
    let manifest: toml::Table = text.parse()?;
    let used = manifest.get("dependencies").and_then(toml::Value::as_table);
    for name in used.into_iter().flat_map(toml::Table::keys) {
        let ours = name == "polarkit" || name.starts_with("polarkit-");
        if ours && !allowed.contains(&name.as_str()) {
            wrong.push(format!(
                "{folder} uses {name}, and dependencies point one way"
            ));
        }
    }
    Ok(())
}

/// The folders of a path and its file's name without the ending.
fn parts(file: &Path) -> impl Iterator<Item = &str> {
    let folders = file.parent().into_iter().flat_map(Path::iter);
    let name = file.file_stem();
    folders.chain(name).filter_map(|part| part.to_str())
}

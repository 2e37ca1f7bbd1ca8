//! The project's own chores: code generation and tree checks.

mod codegen;
mod tidy;

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

const USAGE: &str = "xtask codegen [OPENAPI.json…] [--check] | tidy";

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let root = root()?;
    match arguments.next().as_deref() {
        Some("codegen") => codegen::run(&codegen_task(root, arguments)?),
        Some("tidy") => tidy::run(&root),
        _ => bail!("usage: {USAGE}"),
    }
}

fn codegen_task(root: PathBuf, arguments: impl Iterator<Item = String>) -> Result<codegen::Task> {
    let mut task = codegen::Task {
        root,
        documents: Vec::new(),
        check: false,
    };
    for argument in arguments {
        match argument.as_str() {
            "--check" => task.check = true,
            flag if flag.starts_with('-') => bail!("unknown flag {flag}; usage: {USAGE}"),
            path => task.documents.push(PathBuf::from(path)),
        }
    }
    Ok(task)
}

fn root() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    Ok(folder
        .context("xtask stands at the top of the repository")?
        .to_owned())
}

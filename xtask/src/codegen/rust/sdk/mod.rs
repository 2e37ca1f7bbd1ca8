//! The client crate's generated files: one per group of operations.

mod about;
mod group;
mod method;
mod sample;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use polarkit_spec::Operation;

use super::{
    HEADER,
    names::{field_name, type_name},
    plan::Plan,
};

/// Operations by group, `customer_portal.orders` under `["customer_portal", "orders"]`.
pub(super) struct Group<'a> {
    pub path: Vec<String>,
    pub operations: Vec<&'a Operation>,
}

impl Group<'_> {
    pub(super) fn module(&self) -> String {
        field_name(&self.path.join("_"))
    }

    pub(super) fn type_name(&self) -> String {
        type_name(&self.path.join("_"))
    }

    /// How its parent calls it.
    pub(super) fn accessor(&self) -> String {
        self.path
            .last()
            .map(|name| field_name(name))
            .unwrap_or_default()
    }

    fn is_child_of(&self, parent: &Self) -> bool {
        self.path.len() == parent.path.len() + 1 && self.path.starts_with(&parent.path)
    }
}

/// The client's test of every operation, unformatted.
pub(super) fn test(plan: &Plan<'_>) -> Result<String> {
    sample::emit(plan, &groups(plan))
}

/// File names and their unformatted text.
pub(super) fn files(plan: &Plan<'_>) -> Result<Vec<(String, String)>> {
    let groups = groups(plan);
    let mut files = Vec::new();
    for group in &groups {
        let children: Vec<_> = groups
            .iter()
            .filter(|child| child.is_child_of(group))
            .collect();
        let text = group::emit(plan, group, &children).with_context(|| group.module())?;
        files.push((format!("{}.rs", group.module()), text));
    }
    files.push(("mod.rs".to_owned(), index(plan, &groups)?));
    Ok(files)
}

/// Every group, and every parent that has no operation of its own.
fn groups<'a>(plan: &Plan<'a>) -> Vec<Group<'a>> {
    let mut by_path: BTreeMap<Vec<String>, Vec<&Operation>> = BTreeMap::new();
    for operation in &plan.types.facts.operations {
        let path: Vec<_> = operation.group.split('.').map(field_name).collect();
        for length in 1..path.len() {
            by_path
                .entry(path.iter().take(length).cloned().collect())
                .or_default();
        }
        by_path.entry(path).or_default().push(operation);
    }
    by_path
        .into_iter()
        .map(|(path, operations)| Group { path, operations })
        .collect()
}

fn index(plan: &Plan<'_>, groups: &[Group<'_>]) -> Result<String> {
    let mut text = format!(
        "//! All operations, a module per group, written by the generator.
{HEADER}
\
         #![expect(
    clippy::needless_pass_by_value,
    \
         reason = \"setters take words and ids alike by value\"
)]

"
    );
    for group in groups {
        text.push_str(&format!("pub mod {};\n", group.module()));
    }
    text.push_str("\nimpl crate::Polar {\n");
    for group in groups.iter().filter(|group| group.path.len() == 1) {
        let module = format!("{}::", group.module());
        text.push_str(&group::accessor(plan, group, "self", &module)?);
    }
    text.push_str("}\n");
    Ok(text)
}

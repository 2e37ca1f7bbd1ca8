//! A group: its accessor, the groups below it, its operations.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::{
    super::{HEADER, plan::Plan},
    Group,
    method::Method,
};

pub(super) fn emit(plan: &Plan<'_>, group: &Group<'_>, children: &[&Group<'_>]) -> Result<String> {
    let mut imports = BTreeSet::new();
    let (mut methods, mut requests) = (String::new(), String::new());
    for operation in &group.operations {
        let method = Method::new(plan, operation, &mut imports);
        let method = method.with_context(|| operation.id.clone())?;
        methods.push_str(&method.accessor());
        requests.push_str(&method.declaration());
        requests.push_str(&method.setters());
    }
    for child in children {
        methods.push_str(&accessor(
            plan,
            child,
            "self.polar",
            &format!("super::{}::", child.module()),
        )?);
    }
    let about = about(plan, group)?;
    let mut text = format!("//! {about}\n{HEADER}\n");
    text.push_str(&use_lines(&imports, &requests));
    text.push_str(&format!(
        "\n/// {about}\n{example}#[derive(Debug, Clone, Copy)]\npub struct {name}<'a> {{\n\
         pub(crate) polar: &'a Polar,\n}}\n\nimpl<'a> {name}<'a> {{\n{methods}}}\n{requests}",
        example = example(plan, group),
        name = group.type_name()
    ));
    Ok(text)
}

/// The method of a parent that leads to a group.
pub(super) fn accessor(
    plan: &Plan<'_>,
    group: &Group<'_>,
    polar: &str,
    module: &str,
) -> Result<String> {
    let lifetime = if polar == "self" { "'_" } else { "'a" };
    Ok(format!(
        "/// {}\npub fn {}(&self) -> {module}{name}<{lifetime}> {{\n\
         {module}{name} {{ polar: {polar} }}\n}}\n",
        about(plan, group)?,
        group.accessor(),
        name = group.type_name()
    ))
}

/// What the group is about, in our words.
fn about<'a>(plan: &Plan<'a>, group: &Group<'_>) -> Result<&'a str> {
    let path = group.path.join(".");
    let words = plan.types.overrides.groups.get(&path);
    words
        .map(String::as_str)
        .with_context(|| format!("overrides.toml: say under [groups] what `{path}` is about"))
}

/// The example written by hand, where there is one.
fn example(plan: &Plan<'_>, group: &Group<'_>) -> String {
    let module = group.module();
    if plan.types.overrides.examples.contains(&module) {
        format!("#[doc = concat!(\"\\n\", include_str!(\"../nouns/{module}.md\"))]\n")
    } else {
        String::new()
    }
}

fn use_lines(imports: &BTreeSet<String>, requests: &str) -> String {
    let mut text = String::new();
    let mut ours = Vec::new();
    for import in imports {
        match import.as_str() {
            outside if outside.contains("::") => text.push_str(&format!("use {outside};\n")),
            ours_too => ours.push(ours_too.to_owned()),
        }
    }
    if !ours.is_empty() {
        text.push_str(&format!("use polarkit_model::{{{}}};\n", ours.join(", ")));
    }
    if requests.contains("Value>") || requests.contains("-> Value") {
        text.push_str("use serde_json::Value;\n");
    }
    let mut own = vec!["Polar"];
    if requests.contains("export!(") {
        own.push("download::export");
    }
    if requests.contains("operation! {") {
        own.push("operation::operation");
    }
    if requests.contains("list!(") {
        own.push("pages::list");
    }
    text.push_str(&format!("\nuse crate::{{{}}};\n", own.join(", ")));
    text
}

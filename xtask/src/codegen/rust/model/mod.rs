//! The model crate's generated files: ids, a file per tag, webhook events.

mod event;
mod object;
mod union;
mod word;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use polarkit_spec::Kind;

pub(super) use self::object::{Member, Presence, Struct};
use super::{
    HEADER, doc,
    plan::{Plan, Planned},
    ty::Ty,
};

/// File names and their unformatted text.
pub(super) fn files(plan: &Plan<'_>) -> Result<Vec<(String, String)>> {
    let mut by_file: BTreeMap<String, Vec<&Planned<'_>>> = BTreeMap::new();
    for planned in plan.items.values() {
        by_file.entry(plan.file(planned)).or_default().push(planned);
    }
    let mut modules: Vec<String> = by_file.keys().cloned().collect();
    let mut files = vec![
        ("ids.rs".to_owned(), ids(plan)),
        ("webhook.rs".to_owned(), event::emit(plan)?),
    ];
    for (file, items) in by_file {
        let text = emit_file(plan, &file, &items)?;
        files.push((format!("{file}.rs"), text));
    }
    modules.push("ids".to_owned());
    files.push(("mod.rs".to_owned(), index(&modules)));
    Ok(files)
}

fn index(modules: &[String]) -> String {
    let mut text =
        "//! Polar's shapes, written by the generator from `spec/facts.json`.\n".to_owned();
    text.push_str(HEADER);
    text.push_str(
        "#![expect(\n    clippy::fn_params_excessive_bools,\n    clippy::should_implement_trait,\n    \
         clippy::struct_excessive_bools,\n    clippy::too_many_lines,\n    \
         reason = \"Polar's shapes are as wide as they are, and have the names they have\"\n)]\n\n",
    );
    for module in modules {
        text.push_str(&format!("mod {module};\n"));
    }
    text.push_str("pub(crate) mod webhook;\n\n");
    for module in modules {
        text.push_str(&format!("pub use self::{module}::*;\n"));
    }
    text
}

fn ids(plan: &Plan<'_>) -> String {
    let mut text = format!("//! The ids of Polar's objects.\n{HEADER}\ncrate::id::typed_ids! {{\n");
    for name in &plan.ids {
        let noun = name.trim_end_matches("Id");
        text.push_str(&format!("    /// Which `{noun}` is meant.\n    {name}\n"));
    }
    text.push_str("}\n");
    text
}

/// What an emitter hands back besides text.
#[derive(Default)]
struct Page {
    text: String,
    imports: BTreeSet<String>,
    readable: Vec<String>,
}

fn emit_file(plan: &Plan<'_>, file: &str, items: &[&Planned<'_>]) -> Result<String> {
    let mut page = Page::default();
    for planned in items {
        emit_item(plan, planned, &mut page).with_context(|| planned.item.name.clone())?;
    }
    let own: BTreeSet<&String> = items.iter().map(|planned| &planned.item.name).collect();
    let mut text = format!(
        "//! Shapes of `{file}`.\n{HEADER}\n{}",
        imports(&page, &own)
    );
    text.push_str(&page.text);
    if !page.readable.is_empty() {
        text.push_str(&format!(
            "\nthrough_serde!({});\n",
            page.readable.join(", ")
        ));
    }
    Ok(text)
}

fn emit_item(plan: &Plan<'_>, planned: &Planned<'_>, page: &mut Page) -> Result<()> {
    match planned.item.kind {
        Kind::Object(object) => object::emit(plan, planned, object, page),
        Kind::Union(union) => union::emit(plan, planned, union, page),
        Kind::Enum(words) => {
            word::emit(planned, words, page);
            Ok(())
        }
        other => anyhow::bail!("no type of its own: {other:?}"),
    }
}

fn imports(page: &Page, own: &BTreeSet<&String>) -> String {
    let mut text = String::new();
    let mut ours = Vec::new();
    for import in page.imports.iter().filter(|import| !own.contains(import)) {
        if import.contains("::") && !import.starts_with("crate::") {
            text.push_str(&format!("use {import};\n"));
        } else {
            ours.push(import.trim_start_matches("crate::").to_owned());
        }
    }
    if page.text.contains("Serialize") {
        text.push_str("use serde::Serialize;\n");
    }
    if page.text.contains("Value)") || page.text.contains("Value>)") {
        text.push_str("use serde_json::Value;\n");
    }
    if !page.readable.is_empty() {
        ours.push("read::{Node, Read, through_serde}".to_owned());
    }
    if page.text.contains("union::") {
        ours.push("union".to_owned());
    }
    if page.text.contains("open_enum!") {
        ours.push("open::open_enum".to_owned());
    }
    text.push_str(&format!("use crate::{{{}}};\n", ours.join(", ")));
    text
}

/// The doc comment of a type.
fn type_doc(plan: &Plan<'_>, planned: &Planned<'_>) -> String {
    let overrides = plan.types.overrides;
    let shape = planned.item.shape.unwrap_or(&planned.item.name);
    let own_words = overrides.docs.get(shape).cloned();
    let mut text = own_words.unwrap_or_else(|| role(planned, shape));
    let users = users(plan, planned);
    if !users.is_empty() {
        text.push_str(&format!("\n///\n/// {}", users.join(" ")));
    }
    let shown_by = overrides.pages.get(shape);
    if let Some(page) = shown_by.and_then(|id| doc::reference(plan.types.facts, id)) {
        text.push_str(&format!("\n///\n/// {page}"));
    }
    text
}

fn role(planned: &Planned<'_>, shape: &str) -> String {
    let direction = match (planned.uses.input, planned.uses.output) {
        (true, true) => "sent and received",
        (true, false) => "sent",
        _ => "received",
    };
    format!("`{shape}`, {direction}.")
}

/// More operations than this are not worth naming.
const USERS_MAX: usize = 4;

/// Who takes it as a body, who answers with it.
fn users(plan: &Plan<'_>, planned: &Planned<'_>) -> Vec<String> {
    let name = &planned.item.name;
    let is_it = |ty: Option<Ty<'_>>| match ty {
        Some(Ty::Item(item)) => item.name == *name,
        Some(Ty::Page(of)) => matches!(*of, Ty::Item(item) if item.name == *name),
        _ => false,
    };
    let all = &plan.types.facts.operations;
    let takers = all
        .iter()
        .filter(|operation| plan.body(operation).is_ok_and(is_it));
    let givers = all
        .iter()
        .filter(|operation| plan.success(operation).is_ok_and(is_it));
    let mut sentences = Vec::new();
    sentences.extend(sentence(
        "The body of",
        takers.map(|operation| &operation.id),
    ));
    sentences.extend(sentence(
        "Answered by",
        givers.map(|operation| &operation.id),
    ));
    sentences
}

fn sentence<'a>(verb: &str, ids: impl Iterator<Item = &'a String>) -> Option<String> {
    let ids: Vec<_> = ids.map(|id| format!("`{id}`")).collect();
    let more = if ids.len() > USERS_MAX { ", …" } else { "" };
    let named: Vec<_> = ids.iter().take(USERS_MAX).map(String::as_str).collect();
    (!named.is_empty()).then(|| format!("{verb} {}{more}.", named.join(", ")))
}

/// The model's table of everything that is received, for its own test, unformatted.
pub(super) fn test(plan: &Plan<'_>) -> Result<String> {
    let mut rows: BTreeMap<String, String> = BTreeMap::new();
    for planned in plan.items.values().filter(|planned| planned.uses.output) {
        if let Some(shape) = planned.item.shape {
            rows.insert(shape.to_owned(), planned.item.name.clone());
        }
    }
    let mut unused = BTreeSet::new();
    for operation in &plan.types.facts.operations {
        if let Some(ty) = plan
            .success(operation)?
            .filter(|ty| !matches!(ty, Ty::Nothing))
        {
            rows.insert(operation.id.clone(), ty.render(&mut unused));
        }
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|(name, ty)| format!("({name:?}, again::<{ty}>, size_of::<{ty}>()),\n"))
        .collect();
    let rows = rows.concat();
    Ok(format!(
        "//! Every shape that is received and every answer, by name.\n{HEADER}\n\
         use polarkit_model::*;\n\n\
         use crate::received::{{Again, again}};\n\n\
         pub(crate) const RECEIVED: &[(&str, Again, usize)] = &[\n{rows}];\n"
    ))
}

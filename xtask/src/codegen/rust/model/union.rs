//! Unions: an enum with an arm for what is newer than us.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use polarkit_spec::{Field, Kind, ObjectRule, Shape, UnionRule};

use super::{
    super::{
        names::{branch_names, variant_name},
        plan::{Plan, Planned},
        ty::{Item, Place, Ty},
    },
    Page, type_doc,
};

/// A branch about to be written.
struct Branch<'a> {
    variant: String,
    item: Item<'a>,
    /// The discriminator's words for it.
    words: Vec<&'a str>,
}

pub(super) fn emit<'a>(
    plan: &Plan<'a>,
    planned: &Planned<'a>,
    union: &'a UnionRule,
    page: &mut Page,
) -> Result<()> {
    let branches = branches(plan, planned, union)?;
    let name = &planned.item.name;
    emit_enum(name, &type_doc(plan, planned), &branches, &mut page.text);
    for branch in &branches {
        page.imports.insert(branch.item.name.clone());
    }
    if planned.uses.output {
        page.readable.push(name.clone());
        match &union.discriminator {
            Some(field) => emit_tagged_read(name, field, &branches, &mut page.text),
            None => emit_untagged_read(plan, name, &branches, &mut page.text)?,
        }
    }
    if planned.uses.input {
        emit_from(name, &branches, &mut page.text);
    }
    Ok(())
}

fn branches<'a>(
    plan: &Plan<'a>,
    planned: &Planned<'a>,
    union: &'a UnionRule,
) -> Result<Vec<Branch<'a>>> {
    let mut items = Vec::new();
    for branch in &union.branches {
        match plan.types.of(
            branch,
            Place {
                owner: &planned.item.name,
                field: "",
            },
        )? {
            Ty::Item(item) => items.push((item, branch)),
            other => bail!("a branch that is {other:?}"),
        }
    }
    let names: Vec<_> = items.iter().map(|(item, _)| item.name.clone()).collect();
    let short = branch_names(&names);
    let mut branches = Vec::new();
    for ((item, shape), short) in items.into_iter().zip(short) {
        let words = words_of(union, shape);
        let variant = match words.as_slice() {
            [only] => variant_name(only),
            _ => short,
        };
        branches.push(Branch {
            variant,
            item,
            words,
        });
    }
    Ok(branches)
}

fn words_of<'a>(union: &'a UnionRule, branch: &Shape) -> Vec<&'a str> {
    let Kind::Reference(target) = &branch.kind else {
        return Vec::new();
    };
    let mapping = union.mapping.iter().filter(|(_, name)| name == target);
    mapping.map(|(word, _)| word.as_str()).collect()
}

fn emit_enum(name: &str, doc: &str, branches: &[Branch<'_>], text: &mut String) {
    text.push_str(&format!(
        "\n/// {doc}\n#[derive(Debug, Clone, PartialEq, Serialize)]\n#[serde(untagged)]\n#[non_exhaustive]\npub enum {name} {{\n"
    ));
    for branch in branches {
        let what = match branch.words.as_slice() {
            [only] => format!("`{only}`"),
            _ => format!("`{}`", branch.item.shape.unwrap_or(&branch.item.name)),
        };
        text.push_str(&format!(
            "/// {what}\n{}(Box<{}>),\n",
            branch.variant, branch.item.name
        ));
    }
    text.push_str("/// Something newer than this build, as it came.\nUnrecognized(Value),\n}\n");
}

fn emit_tagged_read(name: &str, field: &str, branches: &[Branch<'_>], text: &mut String) {
    open_read(name, &format!("union::tag(node, {field:?})"), text);
    for branch in branches {
        let words: Vec<_> = branch
            .words
            .iter()
            .map(|word| format!("{word:?}"))
            .collect();
        let words = words.join(" | ");
        text.push_str(&format!(
            "Some({words}) => union::read_or_keep(node, Self::{}, Self::Unrecognized),\n",
            branch.variant
        ));
    }
    close_read(text);
}

fn emit_untagged_read(
    plan: &Plan<'_>,
    name: &str,
    branches: &[Branch<'_>],
    text: &mut String,
) -> Result<()> {
    let mut profiles = String::new();
    let mut arms = String::new();
    let mut position = 0;
    for branch in branches {
        let mut positions = Vec::new();
        for object in objects(plan, &branch.item)? {
            profiles.push_str(&profile(plan, object));
            positions.push(position);
            position += 1;
        }
        arms.push_str(&format!(
            "Some({}) => union::read_or_keep(node, Self::{}, Self::Unrecognized),\n",
            range(&positions),
            branch.variant
        ));
    }
    let choice = format!(
        "{{ const PROFILES: &[union::Profile] = &[{profiles}]; union::choose(node, PROFILES) }}"
    );
    open_read(name, &choice, text);
    text.push_str(&arms);
    close_read(text);
    Ok(())
}

/// Positions of one branch follow each other.
fn range(positions: &[usize]) -> String {
    match positions {
        [only] => only.to_string(),
        [first, .., last] => format!("{first}..={last}"),
        [] => "usize::MAX".to_owned(),
    }
}

fn open_read(name: &str, choice: &str, text: &mut String) {
    text.push_str(&format!(
        "\nimpl Read for {name} {{\n#[inline]\nfn read(node: &Node<'_>) -> Self {{\nlet branch = {choice};\nmatch branch {{\n"
    ));
}

fn close_read(text: &mut String) {
    text.push_str("_ => Self::Unrecognized(node.to_value()),\n}\n}\n}\n");
}

/// The objects a branch may be: itself, or the branches of a union within.
fn objects<'a>(plan: &Plan<'a>, item: &Item<'a>) -> Result<Vec<&'a ObjectRule>> {
    match item.kind {
        Kind::Object(object) => Ok(vec![object]),
        Kind::Union(union) => {
            let mut all = Vec::new();
            for branch in &union.branches {
                match &plan
                    .types
                    .facts
                    .resolve(branch)
                    .context("leads nowhere")?
                    .kind
                {
                    Kind::Object(object) => all.push(object),
                    other => bail!("a branch that is {other:?}"),
                }
            }
            Ok(all)
        }
        other => bail!("a branch that is {other:?}"),
    }
}

fn profile(plan: &Plan<'_>, object: &ObjectRule) -> String {
    let mut constants = Vec::new();
    let (mut required, mut optional) = (BTreeSet::new(), BTreeSet::new());
    for field in &object.fields {
        let name = format!("{:?}", field.name);
        match constant(field) {
            Some(word) => constants.push(format!("({name}, {word:?})")),
            None if field.required => drop(required.insert(name)),
            None => drop(optional.insert(name)),
        }
        constants.extend(inner_constants(plan, field));
    }
    let list = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
    format!(
        "union::Profile {{ constants: &[{}], required: &[{}], optional: &[{}] }},",
        constants.join(", "),
        list(required),
        list(optional)
    )
}

/// The word a field always holds.
fn constant(field: &Field) -> Option<String> {
    match &field.shape.kind {
        Kind::Constant(value) if field.required && (value.is_string() || value.is_boolean()) => {
            Some(
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            )
        }
        _ => None,
    }
}

/// Branches may look alike but for the kind of an object they hold.
fn inner_constants(plan: &Plan<'_>, field: &Field) -> Vec<String> {
    let inner = match &field.shape.kind {
        Kind::Reference(_) if field.required && !field.shape.nullable => {
            plan.types.facts.resolve(&field.shape)
        }
        _ => None,
    };
    let Some(Kind::Object(object)) = inner.map(|shape| &shape.kind) else {
        return Vec::new();
    };
    let found = object
        .fields
        .iter()
        .filter_map(|inner| Some((&inner.name, constant(inner)?)));
    found
        .map(|(name, word)| format!("(\"{}.{name}\", {word:?})", field.name))
        .collect()
}

fn emit_from(name: &str, branches: &[Branch<'_>], text: &mut String) {
    for branch in branches {
        text.push_str(&format!(
            "\nimpl From<{branch}> for {name} {{\n#[inline]\nfn from(branch: {branch}) -> Self {{\nSelf::{variant}(Box::new(branch))\n}}\n}}\n",
            branch = branch.item.name,
            variant = branch.variant
        ));
    }
}

//! A call of every operation with an argument of each kind it takes, for the client's tests.

use anyhow::{Context, Result};
use polarkit_spec::Kind;

use super::{
    super::{
        HEADER,
        model::{Presence, Struct},
        plan::Plan,
        ty::{Item, Place, Ty},
    },
    Group,
    method::Method,
};

/// The test file.
pub(super) fn emit(plan: &Plan<'_>, groups: &[Group<'_>]) -> Result<String> {
    let mut imports = std::collections::BTreeSet::new();
    let mut calls = String::new();
    for group in groups {
        let path: String = group
            .path
            .iter()
            .map(|name| name.clone() + "()")
            .collect::<Vec<_>>()
            .join(".");
        for operation in &group.operations {
            let method = Method::new(plan, operation, &mut imports)?;
            let call = method.call();
            calls.push_str(&format!("asked(&polar.{path}.{call}),\n"));
        }
    }
    Ok(format!(
        "//! Every operation, asked with an argument of each kind it takes.\n{HEADER}\n\
         #![expect(clippy::too_many_lines, reason = \"it is a table\")]\n\n\
         use polarkit::{{Operation, Polar, Request, model::*}};\n\n\
         /// An id, whosever.\npub(crate) const ID: &str = \"11111111-1111-4111-8111-111111111111\";\n\n\
         fn asked<O: Operation>(operation: &O) -> (&'static str, Request) {{\n(O::ID, operation.request())\n}}\n\n\
         pub(crate) fn every_operation(polar: &Polar) -> Vec<(&'static str, Request)> {{\nvec![\n{calls}]\n}}\n"
    ))
}

/// A value that can stand where that type is taken as an argument.
pub(super) fn argument(plan: &Plan<'_>, ty: &Ty<'_>) -> Result<String> {
    Ok(match ty {
        Ty::Text => "\"a/b\"".to_owned(),
        Ty::Secret => "\"s/t\"".to_owned(),
        Ty::Whole => "1".to_owned(),
        Ty::Flag => "true".to_owned(),
        Ty::Nothing => "()".to_owned(),
        Ty::Plain("Timestamp") => "\"2026-01-01T00:00:00Z\".parse().unwrap()".to_owned(),
        Ty::Plain("Date") => "\"2026-01-01\".parse().unwrap()".to_owned(),
        Ty::Plain("Currency") => "\"usd\"".to_owned(),
        Ty::Plain("Country") => "\"DE\"".to_owned(),
        Ty::Plain("FreeForm") => "[(\"key\", \"value\")]".to_owned(),
        Ty::Plain("Uuid") | Ty::Id(_) => "ID.parse().unwrap()".to_owned(),
        Ty::Plain(_) | Ty::Hand(_) => "1_i64".to_owned(),
        Ty::List(of) => format!("[{}]", argument(plan, of)?),
        Ty::Map(_) => "std::collections::BTreeMap::new()".to_owned(),
        Ty::Pair(one, two) => format!(
            "({}.into(), {}.into())",
            argument(plan, one)?,
            argument(plan, two)?
        ),
        Ty::Item(item) => value(plan, item)?,
        Ty::Page(_) => anyhow::bail!("a page is never sent"),
    })
}

/// A value of a type that is written.
fn value(plan: &Plan<'_>, item: &Item<'_>) -> Result<String> {
    match item.kind {
        Kind::Enum(words) => {
            let word = words.first().context("an enum without words")?;
            Ok(format!("{}::from({word:?})", item.name))
        }
        Kind::Union(union) => {
            let branch = union.branches.first().context("a union without branches")?;
            let ty = plan.types.of(
                branch,
                Place {
                    owner: &item.name,
                    field: "",
                },
            )?;
            argument(plan, &ty)
        }
        Kind::Object(object) => {
            let planned = plan.items.get(&item.name).context("nobody planned it")?;
            let mut arguments = Vec::new();
            for member in &Struct::new(plan, planned, object)?.members {
                match (member.presence, &member.ty) {
                    (Presence::Required | Presence::Nullable, Ty::Nothing) => {}
                    (Presence::Nullable, _) => arguments.push("None".to_owned()),
                    (Presence::Required, ty) => arguments.push(argument(plan, ty)?),
                    _ => {}
                }
            }
            Ok(format!("{}::new({})", item.name, arguments.join(", ")))
        }
        _ => anyhow::bail!("{} has no value", item.name),
    }
}

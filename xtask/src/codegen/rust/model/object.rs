//! Objects: a struct, how it is read, how it is made.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use polarkit_spec::{Field, Kind, ObjectRule};

use super::{
    super::{
        doc,
        names::field_name,
        plan::{Plan, Planned, Uses},
        ty::{Place, Ty},
    },
    Page, type_doc,
};

pub(super) fn emit<'a>(
    plan: &Plan<'a>,
    planned: &Planned<'a>,
    object: &'a ObjectRule,
    page: &mut Page,
) -> Result<()> {
    let struct_ = Struct::new(plan, planned, object)?;
    struct_.emit_struct(&type_doc(plan, planned), page);
    if planned.uses.output {
        struct_.emit_read(page);
    }
    if planned.uses.input {
        struct_.emit_new(page);
    }
    Ok(())
}

/// How a field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Presence {
    /// Always, with a value.
    Required,
    /// Always, perhaps null.
    Nullable,
    /// Perhaps.
    Optional,
    /// Perhaps, perhaps null, and the two differ.
    Patch,
    /// Always, and always the same.
    Constant,
}

/// A field of the struct.
pub(in super::super) struct Member<'a> {
    pub field: &'a Field,
    pub doc: String,
    pub name: String,
    pub ty: Ty<'a>,
    pub presence: Presence,
}

/// A struct about to be written.
pub(in super::super) struct Struct<'a> {
    name: String,
    /// The constant field written as serde's struct tag.
    tag: Option<(&'a str, &'a str)>,
    pub members: Vec<Member<'a>>,
}

impl<'a> Struct<'a> {
    pub(in super::super) fn new(
        plan: &Plan<'a>,
        planned: &Planned<'a>,
        object: &'a ObjectRule,
    ) -> Result<Self> {
        let owner = planned.item.shape.context("an object without a name")?;
        let tag = object
            .fields
            .iter()
            .find_map(|field| match &field.shape.kind {
                Kind::Constant(value) if !field.shape.nullable => {
                    Some((field.name.as_str(), value.as_str()?))
                }
                _ => None,
            });
        let mut members = Vec::new();
        for field in &object.fields {
            if tag.is_some_and(|(name, _)| name == field.name) {
                continue;
            }
            if field.shape.kind == Kind::Null && !(field.required && planned.uses.input) {
                continue;
            }
            let ty = plan.types.of(
                &field.shape,
                Place {
                    owner,
                    field: &field.name,
                },
            )?;
            let presence = presence(field, planned.uses);
            members.push(Member {
                field,
                doc: doc::told(&plan.types.overrides.field_docs, field),
                name: field_name(&field.name),
                ty,
                presence,
            });
        }
        Ok(Self {
            name: planned.item.name.clone(),
            tag,
            members,
        })
    }

    fn emit_struct(&self, doc: &str, page: &mut Page) {
        let Page { text, imports, .. } = page;
        text.push_str(&format!(
            "\n/// {doc}\n#[derive(Debug, Clone, PartialEq, Serialize)]\n"
        ));
        if let Some((field, word)) = self.tag {
            text.push_str(&format!("#[serde(tag = {field:?}, rename = {word:?})]\n"));
        }
        text.push_str(&format!("#[non_exhaustive]\npub struct {} {{\n", self.name));
        for member in &self.members {
            text.push_str(&format!("    /// {}\n", member.doc));
            text.push_str(&serde_attribute(member));
            let ty = member.ty.render(imports);
            let ty = match member.presence {
                Presence::Required | Presence::Constant => ty,
                Presence::Nullable | Presence::Optional => format!("Option<{ty}>"),
                Presence::Patch => {
                    imports.insert("Patch".to_owned());
                    format!("Patch<{ty}>")
                }
            };
            text.push_str(&format!("    pub {}: {ty},\n", member.name));
        }
        text.push_str("}\n");
    }

    fn emit_read(&self, page: &mut Page) {
        page.readable.push(self.name.clone());
        let fields = self.members.iter().map(|member| {
            let (name, wire) = (&member.name, &member.field.name);
            format!("{name}: object.field({wire:?}),\n")
        });
        let fields = fields.collect::<Vec<_>>().concat();
        let open = if fields.is_empty() {
            "node.object();"
        } else {
            "let object = node.object();"
        };
        page.text.push_str(&format!(
            "\nimpl Read for {} {{\n#[inline]\nfn read(node: &Node<'_>) -> Self {{\n{open}\nSelf {{\n{fields}}}\n}}\n}}\n",
            self.name
        ));
    }

    fn emit_new(&self, page: &mut Page) {
        let Page { text, imports, .. } = page;
        let mut arguments = Vec::new();
        let mut values = Vec::new();
        for member in &self.members {
            let (argument, value) = member.ty.argument(&member.name, imports);
            let name = &member.name;
            match (member.presence, &member.ty) {
                (Presence::Constant, _) => {
                    values.push(format!("{name}: {}", constant(member.field)));
                }
                (Presence::Optional, _) => values.push(format!("{name}: None")),
                (Presence::Patch, _) => values.push(format!("{name}: Patch::Absent")),
                (_, Ty::Nothing) => values.push(format!("{name}: ()")),
                (Presence::Nullable, ty) => {
                    arguments.push(format!("{name}: Option<{}>", ty.render(imports)));
                    values.push(name.clone());
                }
                (Presence::Required, _) => {
                    arguments.push(format!("{name}: {argument}"));
                    values.push(if value == *name {
                        value
                    } else {
                        format!("{name}: {value}")
                    });
                }
            }
        }
        let expect = if arguments.len() > 5 {
            "#[expect(clippy::too_many_arguments, reason = \"all are required\")]\n"
        } else {
            ""
        };
        text.push_str(&format!(
            "\nimpl {} {{\n/// With what is required.\n{expect}#[inline]\npub fn new({}) -> Self {{\nSelf {{ {} }}\n}}\n",
            self.name,
            arguments.join(", "),
            values.join(", ")
        ));
        for member in &self.members {
            text.push_str(&setter(member, imports));
        }
        text.push_str("}\n");
        if arguments.is_empty() {
            text.push_str(&format!(
                "\nimpl Default for {} {{\n#[inline]\nfn default() -> Self {{\nSelf::new()\n}}\n}}\n",
                self.name
            ));
        }
    }
}

fn presence(field: &Field, uses: Uses) -> Presence {
    if matches!(&field.shape.kind, Kind::Constant(_)) && field.required && !field.shape.nullable {
        return if uses.input {
            Presence::Constant
        } else {
            Presence::Required
        };
    }
    match (field.required, field.shape.nullable) {
        (true, false) => Presence::Required,
        (true, true) => Presence::Nullable,
        (false, true) if uses.patch && !uses.output => Presence::Patch,
        (false, _) => Presence::Optional,
    }
}

fn constant(field: &Field) -> String {
    match &field.shape.kind {
        Kind::Constant(value) if value.is_string() => format!("{value}.to_owned()"),
        Kind::Constant(value) => value.to_string(),
        _ => "()".to_owned(),
    }
}

fn serde_attribute(member: &Member<'_>) -> String {
    let mut parts = Vec::new();
    if member.name.trim_start_matches("r#") != member.field.name {
        parts.push(format!("rename = {:?}", member.field.name));
    }
    match member.presence {
        Presence::Optional => parts.push("skip_serializing_if = \"Option::is_none\"".to_owned()),
        Presence::Patch => parts.push("skip_serializing_if = \"Patch::is_absent\"".to_owned()),
        _ => {}
    }
    if parts.is_empty() {
        String::new()
    } else {
        format!("#[serde({})]\n", parts.join(", "))
    }
}

impl Presence {
    /// Whether a caller has to say it.
    pub(in super::super) fn is_asked_for(self) -> bool {
        matches!(self, Self::Required | Self::Nullable)
    }
}

impl Member<'_> {
    /// The argument of its setter and what is stored, when it has one.
    pub(in super::super) fn setter(
        &self,
        imports: &mut BTreeSet<String>,
    ) -> Option<(String, String)> {
        match self.presence {
            Presence::Optional => {
                let (argument, value) = self.ty.argument(&self.name, imports);
                Some((argument, format!("Some({value})")))
            }
            Presence::Patch => {
                let ty = self.ty.render(imports);
                imports.insert("Patch".to_owned());
                Some((
                    format!("impl Into<Patch<{ty}>>"),
                    format!("{}.into()", self.name),
                ))
            }
            _ => None,
        }
    }
}

fn setter(member: &Member<'_>, imports: &mut BTreeSet<String>) -> String {
    let name = &member.name;
    let Some((argument, value)) = member.setter(imports) else {
        return String::new();
    };
    format!(
        "\n/// {}\n#[inline]\n#[must_use]\npub fn {name}(mut self, {name}: {argument}) -> Self {{\nself.{name} = {value};\nself\n}}\n",
        member.doc
    )
}

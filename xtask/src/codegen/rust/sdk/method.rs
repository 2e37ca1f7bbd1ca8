//! An operation: the method that begins it, the request value, its setters.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use polarkit_spec::{Kind, Location, Operation, Parameter, Shape};

use super::{
    super::{
        doc,
        model::{Presence, Struct},
        names::{field_name, type_name},
        plan::Plan,
        ty::Ty,
    },
    sample,
};

/// A body with more required fields than this is handed over whole.
const SPREAD_MAX: usize = 3;

/// An operation about to be written.
pub(super) struct Method<'a> {
    operation: &'a Operation,
    name: String,
    output: String,
    read: &'static str,
    item: Option<String>,
    body: Option<Body>,
    /// Arguments of the method, and what becomes of each in the request.
    arguments: Vec<(String, String)>,
    samples: Vec<String>,
    steps: String,
    setters: String,
}

struct Body {
    ty: String,
    value: String,
    send: String,
}

impl<'a> Method<'a> {
    pub(super) fn new(
        plan: &Plan<'a>,
        operation: &'a Operation,
        imports: &mut BTreeSet<String>,
    ) -> Result<Self> {
        let given = plan.types.overrides.methods.get(&operation.id);
        let name = field_name(given.unwrap_or(&operation.name));
        let success = plan.success(operation)?;
        let (output, read) = output(operation, success.as_ref(), imports);
        let item = match &success {
            Some(Ty::Page(item)) if operation.pagination.is_some() => Some(item.render(imports)),
            _ => None,
        };
        let mut method = Self {
            operation,
            name,
            output,
            read,
            item,
            body: None,
            arguments: Vec::new(),
            samples: Vec::new(),
            steps: String::new(),
            setters: String::new(),
        };
        for parameter in &operation.parameters {
            let ty = plan.parameter(operation, parameter)?;
            if method.add_parameter(parameter, &ty, imports) {
                method.samples.push(sample::argument(plan, &ty)?);
            }
        }
        method.add_body(plan, imports)?;
        Ok(method)
    }

    /// Whether it became an argument.
    fn add_parameter(
        &mut self,
        parameter: &Parameter,
        ty: &Ty<'_>,
        imports: &mut BTreeSet<String>,
    ) -> bool {
        let (wire, name) = (&parameter.name, field_name(&parameter.name));
        if parameter.location == Location::Query && !parameter.required {
            self.setters.push_str(&query_setter(parameter, ty, imports));
            return false;
        }
        let (argument, value) = parameter_argument(ty, &name, imports);
        self.arguments.push((name, argument));
        self.steps.push_str(&match parameter.location {
            Location::Path => format!("let request = request.path({wire:?}, &{value});\n"),
            Location::Query => {
                format!("let mut request = request;\nrequest.query({wire:?}, &{value});\n")
            }
        });
        true
    }

    fn add_body(&mut self, plan: &Plan<'a>, imports: &mut BTreeSet<String>) -> Result<()> {
        let Some(ty) = plan.body(self.operation)? else {
            return Ok(());
        };
        let content_type = self
            .operation
            .body
            .as_ref()
            .map(|body| body.content_type.as_str());
        let plain = if content_type == Some("application/json") {
            "json"
        } else {
            "form"
        };
        let send = plan.types.overrides.sends.get(&self.operation.id);
        let mut body = Body {
            ty: ty.render(imports),
            value: "body.into()".to_owned(),
            send: send.cloned().unwrap_or_else(|| plain.to_owned()),
        };
        let Ty::Item(item) = &ty else {
            anyhow::bail!("a body that is {ty:?}")
        };
        let whole = sample::argument(plan, &ty)?;
        let Kind::Object(object) = item.kind else {
            self.samples.push(whole);
            self.arguments
                .push(("body".to_owned(), format!("impl Into<{}>", body.ty)));
            self.body = Some(body);
            return Ok(());
        };
        let planned = plan
            .items
            .get(&item.name)
            .context("a body nobody planned")?;
        let fields = Struct::new(plan, planned, object)?;
        let required: Vec<_> = fields
            .members
            .iter()
            .filter(|member| member.presence.is_asked_for())
            .collect();
        let is_free = |name: &str| self.arguments.iter().all(|(taken, _)| taken != name);
        let free = required.iter().all(|member| is_free(&member.name));
        if free && required.len() <= SPREAD_MAX {
            for member in &required {
                self.samples.push(match member.presence {
                    Presence::Nullable => "None".to_owned(),
                    _ => sample::argument(plan, &member.ty)?,
                });
                let argument = match member.presence {
                    Presence::Nullable => format!("Option<{}>", member.ty.render(imports)),
                    _ => member.ty.argument(&member.name, imports).0,
                };
                self.arguments.push((member.name.clone(), argument));
            }
            let names: Vec<_> = required.iter().map(|member| member.name.as_str()).collect();
            body.value = format!("{}::new({})", body.ty, names.join(", "));
        } else {
            self.samples.push(whole);
            self.arguments.push(("body".to_owned(), body.ty.clone()));
            "body".clone_into(&mut body.value);
        }
        self.add_body_setters(&fields, imports);
        self.body = Some(body);
        Ok(())
    }

    fn add_body_setters(&mut self, fields: &Struct<'_>, imports: &mut BTreeSet<String>) {
        for member in &fields.members {
            if let Some((argument, _)) = member.setter(imports) {
                let name = &member.name;
                self.setters.push_str(&setter(
                    &doc::field(member.field),
                    name,
                    &format!("{name}: {argument}"),
                    &format!("self.body = self.body.{name}({name});"),
                ));
            }
        }
    }

    /// A call with an argument of each kind it takes.
    pub(super) fn call(&self) -> String {
        format!("{}({})", self.name, self.samples.join(", "))
    }

    /// The method of the group.
    pub(super) fn accessor(&self) -> String {
        let ty = type_name(&self.name);
        let mut arguments = String::new();
        for (name, ty) in &self.arguments {
            arguments.push_str(&format!(", {name}: {ty}"));
        }
        let expect = if self.arguments.len() > 4 {
            "#[expect(clippy::too_many_arguments, reason = \"all are required\")]\n"
        } else {
            ""
        };
        let body = self
            .body
            .as_ref()
            .map(|body| format!("body: {},", body.value));
        format!(
            "/// {}\n{expect}pub fn {}(&self{arguments}) -> {ty}<'a> {{\nlet request = {ty}::blank();\n{}{ty} {{ polar: self.polar, request, {} }}\n}}\n",
            self.doc(),
            self.name,
            self.steps,
            body.unwrap_or_default()
        )
        .replace("let request = request;\n", "")
    }

    fn doc(&self) -> String {
        let operation = self.operation;
        let route = format!("`{} {}`", operation.method.as_str(), operation.path);
        if operation.auth.is_empty() {
            return format!("{route}, open to everybody.");
        }
        if operation.scopes.is_empty() {
            return format!("{route}.");
        }
        let scopes: Vec<_> = operation
            .scopes
            .iter()
            .map(|scope| format!("`{scope}`"))
            .collect();
        format!("{route}, needs {}.", scopes.join(" or "))
    }

    /// The request value.
    pub(super) fn declaration(&self) -> String {
        let body = self
            .body
            .as_ref()
            .map(|body| format!(" ({})", body.ty))
            .unwrap_or_default();
        let send = self
            .body
            .as_ref()
            .map(|body| format!(", {}", body.send))
            .unwrap_or_default();
        format!(
            "\noperation! {{\n    /// {}\n    {}{body} -> {} = {:?},\n    {} {:?}, {}{send}\n}}\n",
            self.doc(),
            type_name(&self.name),
            self.output,
            self.operation.id,
            self.operation.method.as_str(),
            self.operation.path,
            self.read
        )
    }

    /// What it takes besides.
    pub(super) fn setters(&self) -> String {
        let mut setters = self.setters.clone();
        if let Some(item) = &self.item {
            setters.push_str(&format!(
                "\n/// All items, page after page, from the page asked for.\npub fn stream(self) -> Items<'a, {item}> {{\npages::stream(self.polar, self.request)\n}}\n"
            ));
        }
        if setters.is_empty() {
            return String::new();
        }
        let ty = type_name(&self.name);
        let lifetime = if self.item.is_some() {
            ("<'a>", "<'a>")
        } else {
            ("", "<'_>")
        };
        format!("\nimpl{} {ty}{} {{\n{setters}}}\n", lifetime.0, lifetime.1)
    }
}

/// What it answers, and how that is read.
fn output(
    operation: &Operation,
    success: Option<&Ty<'_>>,
    imports: &mut BTreeSet<String>,
) -> (String, &'static str) {
    let content_type = operation.success.content_type.as_deref();
    match success {
        None | Some(Ty::Nothing) => ("()".to_owned(), "nothing"),
        Some(_) if content_type != Some("application/json") => ("String".to_owned(), "text"),
        Some(ty) if operation.pending.is_some() => {
            (format!("Option<{}>", ty.render(imports)), "json_if_ready")
        }
        Some(ty) => (ty.render(imports), "json"),
    }
}

/// A value that goes into a path or a query.
fn parameter_argument(ty: &Ty<'_>, name: &str, imports: &mut BTreeSet<String>) -> (String, String) {
    match ty {
        Ty::Text => (
            "impl Into<String>".to_owned(),
            format!("Into::<String>::into({name})"),
        ),
        Ty::Secret => {
            let secret = ty.render(imports);
            (
                format!("impl Into<{secret}>"),
                format!("Into::<{secret}>::into({name}).reveal()"),
            )
        }
        _ => (ty.render(imports), name.to_owned()),
    }
}

fn query_setter(parameter: &Parameter, ty: &Ty<'_>, imports: &mut BTreeSet<String>) -> String {
    let (wire, name) = (&parameter.name, field_name(&parameter.name));
    if matches!(ty, Ty::Plain("FreeForm")) {
        return setter(
            "Only where the metadata has this value under this key; several values of a key are alternatives.",
            &name,
            "key: &str, value: impl Into<Value>",
            &format!("self.request.entry({wire:?}, key, &value.into());"),
        );
    }
    let (single, add) = match ty {
        Ty::List(of) => (&**of, "query"),
        only => (only, "query_once"),
    };
    let (argument, value) = parameter_argument(single, &name, imports);
    let mut doc = doc::shape(&parameter.name, described(&parameter.shape));
    if add == "query" {
        doc.push_str(" May be given several times.");
    }
    setter(
        &doc,
        &name,
        &format!("{name}: {argument}"),
        &format!("self.request.{add}({wire:?}, &{value});"),
    )
}

/// One or several of a kind is described as one.
fn described(shape: &Shape) -> &Shape {
    match &shape.kind {
        Kind::Union(union) => union.branches.first().unwrap_or(shape),
        Kind::List(list) => &list.items,
        _ => shape,
    }
}

fn setter(doc: &str, name: &str, arguments: &str, statement: &str) -> String {
    format!("\n/// {doc}\npub fn {name}(mut self, {arguments}) -> Self {{\n{statement}\nself\n}}\n")
}

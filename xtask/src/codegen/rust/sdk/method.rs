//! An operation: the method that begins it, the request value, its setters.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use polarkit_spec::{Kind, Location, Operation, Parameter, Shape};

use super::{
    super::{
        model::{Member, Presence, Struct},
        names::{field_name, type_name},
        plan::Plan,
        ty::Ty,
    },
    about,
};

/// A body with more required fields than this is handed over whole.
const SPREAD_MAX: usize = 3;

/// What every operation has besides its own setters.
pub(super) const PER_CALL: [&str; 12] = [
    "api_version",
    "with_retry",
    "with_timeout",
    "with_token",
    "wait",
    "iter",
    "stream",
    "pages",
    "bytes",
    "download",
    "request",
    "into_future",
];

/// An operation about to be written.
pub(super) struct Method<'a> {
    pub operation: &'a Operation,
    pub name: String,
    pub arguments: Vec<Argument<'a>>,
    pub setters: Vec<Setter<'a>>,
    /// What becomes of the arguments in the request.
    steps: String,
    body: Option<Body>,
    output: String,
    read: &'static str,
    item: Option<String>,
    doc: String,
}

/// What is said with an argument or a setter.
pub(super) enum Said<'a> {
    Parameter(&'a Parameter, Ty<'a>),
    Field(Member<'a>),
    Whole(Ty<'a>),
}

/// An argument of the method.
pub(super) struct Argument<'a> {
    name: String,
    ty: String,
    pub said: Said<'a>,
}

/// A method of the request value.
pub(super) struct Setter<'a> {
    pub name: String,
    text: String,
    pub said: Said<'a>,
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
        let success = plan.success(operation)?;
        let (output, read) = output(operation, success.as_ref(), imports);
        let item = match &success {
            Some(Ty::Page(item)) if is_paged(operation) => Some(item.render(imports)),
            _ => None,
        };
        let mut method = Self {
            operation,
            name: field_name(given.unwrap_or(&operation.name)),
            arguments: Vec::new(),
            setters: Vec::new(),
            steps: String::new(),
            body: None,
            output,
            read,
            item,
            doc: about::operation(plan, operation)?,
        };
        if operation.auth.is_empty() {
            method.steps.push_str("let request = request.open();\n");
        }
        for parameter in &operation.parameters {
            let ty = plan.parameter(operation, parameter)?;
            method.add_parameter(parameter, ty, imports);
        }
        method.add_body(plan, imports)?;
        method.check_names()?;
        Ok(method)
    }

    fn add_parameter(
        &mut self,
        parameter: &'a Parameter,
        ty: Ty<'a>,
        imports: &mut BTreeSet<String>,
    ) {
        if parameter.location == Location::Query && !parameter.required {
            self.setters.push(query_setter(parameter, ty, imports));
            return;
        }
        let (wire, name) = (&parameter.name, field_name(&parameter.name));
        let (argument, value) = parameter_argument(&ty, &name, imports);
        self.steps.push_str(&match parameter.location {
            Location::Path => format!("let request = request.path({wire:?}, &{value});\n"),
            Location::Query => {
                format!("let mut request = request;\nrequest.query({wire:?}, &{value});\n")
            }
        });
        self.arguments.push(Argument {
            name,
            ty: argument,
            said: Said::Parameter(parameter, ty),
        });
    }

    fn add_body(&mut self, plan: &Plan<'a>, imports: &mut BTreeSet<String>) -> Result<()> {
        let Some(ty) = plan.body(self.operation)? else {
            return Ok(());
        };
        let Ty::Item(item) = &ty else {
            anyhow::bail!("a body that is {ty:?}")
        };
        let mut body = Body {
            ty: ty.render(imports),
            value: "body.into()".to_owned(),
            send: self.send(plan),
        };
        let Kind::Object(object) = item.kind else {
            self.add_whole(format!("impl Into<{}>", body.ty), ty);
            self.body = Some(body);
            return Ok(());
        };
        let planned = plan.items.get(&item.name);
        let fields = Struct::new(plan, planned.context("nobody planned it")?, object)?;
        let (asked, optional): (Vec<_>, Vec<_>) = fields
            .members
            .into_iter()
            .partition(|member| member.presence.is_asked_for());
        let is_free = |member: &Member<'_>| self.arguments.iter().all(|a| a.name != member.name);
        if asked.len() <= SPREAD_MAX && asked.iter().all(is_free) {
            let names: Vec<_> = asked.iter().map(|member| member.name.as_str()).collect();
            body.value = format!("{}::new({})", body.ty, names.join(", "));
            self.add_spread(asked, imports);
        } else {
            "body".clone_into(&mut body.value);
            self.add_whole(body.ty.clone(), ty);
        }
        self.setters
            .extend(optional.into_iter().filter_map(|m| body_setter(m, imports)));
        self.body = Some(body);
        Ok(())
    }

    fn send(&self, plan: &Plan<'a>) -> String {
        let written = plan.types.overrides.sends.get(&self.operation.id);
        let content_type = self
            .operation
            .body
            .as_ref()
            .map(|b| b.content_type.as_str());
        let plain = if content_type == Some("application/json") {
            "json"
        } else {
            "form"
        };
        written.cloned().unwrap_or_else(|| plain.to_owned())
    }

    fn add_whole(&mut self, argument: String, ty: Ty<'a>) {
        self.arguments.push(Argument {
            name: "body".to_owned(),
            ty: argument,
            said: Said::Whole(ty),
        });
    }

    fn add_spread(&mut self, asked: Vec<Member<'a>>, imports: &mut BTreeSet<String>) {
        for member in asked {
            let ty = match member.presence {
                Presence::Nullable => format!("Option<{}>", member.ty.render(imports)),
                _ => member.ty.argument(&member.name, imports).0,
            };
            self.arguments.push(Argument {
                name: member.name.clone(),
                ty,
                said: Said::Field(member),
            });
        }
    }

    /// One name means one thing.
    fn check_names(&self) -> Result<()> {
        let mut taken: BTreeSet<&str> = PER_CALL.into_iter().collect();
        for setter in &self.setters {
            ensure!(
                taken.insert(&setter.name),
                "two things want the method `{}`: name one otherwise",
                setter.name
            );
        }
        Ok(())
    }

    /// The method of the group.
    pub(super) fn accessor(&self) -> String {
        let ty = type_name(&self.name);
        let mut arguments = String::new();
        for Argument { name, ty, .. } in &self.arguments {
            arguments.push_str(&format!(", {name}: {ty}"));
        }
        let expect = if self.arguments.len() > 4 {
            "#[expect(clippy::too_many_arguments, reason = \"all are required\")]\n"
        } else {
            ""
        };
        let body = self.body.as_ref();
        let body = body.map(|body| format!("body: {},", body.value));
        format!(
            "{}#[inline]\n{expect}pub fn {}(&self{arguments}) -> {ty}<'a> {{\nlet request = {ty}::blank();\n{}{ty} {{ polar: self.polar, request, {} }}\n}}\n",
            about::lines(&self.doc),
            self.name,
            self.steps,
            body.unwrap_or_default()
        )
    }

    /// The request value.
    pub(super) fn declaration(&self) -> String {
        let body = self.body.as_ref();
        let ty = body.map(|body| format!(" ({})", body.ty));
        let send = body.map(|body| format!(", {}", body.send));
        format!(
            "\noperation! {{\n{}{}{} -> {} = {:?},\n    {} {:?}, {}{}\n}}\n",
            about::lines(&self.doc),
            type_name(&self.name),
            ty.unwrap_or_default(),
            self.output,
            self.operation.id,
            self.operation.method.as_str(),
            self.operation.path,
            self.read,
            send.unwrap_or_default()
        )
    }

    /// What it takes besides.
    pub(super) fn setters(&self) -> String {
        let ty = type_name(&self.name);
        let mut text = String::new();
        if !self.setters.is_empty() {
            let setters: String = self.setters.iter().map(|s| s.text.as_str()).collect();
            text.push_str(&format!("\nimpl {ty}<'_> {{\n{setters}}}\n"));
        }
        if let Some(item) = &self.item {
            text.push_str(&format!("\nlist!({ty}, {item});\n"));
        }
        if self.read == "text" {
            text.push_str(&format!("\nexport!({ty});\n"));
        }
        text
    }
}

fn is_paged(operation: &Operation) -> bool {
    operation
        .query_parameters()
        .any(|parameter| parameter.name == "page")
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

fn query_setter<'a>(
    parameter: &'a Parameter,
    ty: Ty<'a>,
    imports: &mut BTreeSet<String>,
) -> Setter<'a> {
    let (wire, name) = (&parameter.name, field_name(&parameter.name));
    let text = if matches!(ty, Ty::Plain("FreeForm")) {
        setter(
            "Only where the metadata has this value under this key; several values of a key are alternatives.",
            &name,
            "key: &str, value: impl Into<Value>",
            &format!("self.request.entry({wire:?}, key, &value.into());"),
        )
    } else {
        let (single, add) = match &ty {
            Ty::List(of) => (&**of, "query"),
            only => (only, "query_once"),
        };
        let (argument, value) = parameter_argument(single, &name, imports);
        let mut doc = about::parameter(parameter, described(&parameter.shape));
        if add == "query" {
            doc.push_str(" May be given several times.");
        }
        setter(
            &doc,
            &name,
            &format!("{name}: {argument}"),
            &format!("self.request.{add}({wire:?}, &{value});"),
        )
    };
    Setter {
        name,
        text,
        said: Said::Parameter(parameter, ty),
    }
}

fn body_setter<'a>(member: Member<'a>, imports: &mut BTreeSet<String>) -> Option<Setter<'a>> {
    let (argument, _) = member.setter(imports)?;
    let name = member.name.clone();
    let text = setter(
        &member.doc,
        &name,
        &format!("{name}: {argument}"),
        &format!("self.body = self.body.{name}({name});"),
    );
    Some(Setter {
        name,
        text,
        said: Said::Field(member),
    })
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
    format!(
        "\n/// {doc}\n#[inline]\npub fn {name}(mut self, {arguments}) -> Self {{\n{statement}\nself\n}}\n"
    )
}

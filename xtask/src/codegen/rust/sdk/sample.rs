//! Calls of every operation, for the client's tests: with what it requires, and with all it takes.
//!
//! What is said in a call is what [`polarkit_spec::sample`] makes up, so that a test can make it
//! up again and compare it with what was sent.

use anyhow::{Context, Result, bail};
use polarkit_spec::{Kind, Shape, sample::Extent};
use serde_json::Value;

use super::{
    super::{
        HEADER,
        model::{Presence, Struct},
        plan::Plan,
        ty::{Item, Ty},
    },
    Group,
    method::{Method, Said},
};

/// The test file.
pub(super) fn emit(plan: &Plan<'_>, groups: &[Group<'_>]) -> Result<String> {
    let (mut all, mut functions) = (String::new(), String::new());
    for group in groups.iter().filter(|group| !group.operations.is_empty()) {
        let mut calls = String::new();
        for operation in &group.operations {
            let method = Method::new(plan, operation, &mut std::collections::BTreeSet::new())?;
            let calls_of = calls_of(plan, group, &method);
            calls.push_str(&calls_of.with_context(|| operation.id.clone())?);
        }
        let name = group.module();
        all.push_str(&format!("{name}(calls);\n"));
        functions.push_str(&format!(
            "\nfn {name}(calls: &mut impl Calls) {{\nlet polar = calls.polar();\n{calls}}}\n"
        ));
    }
    Ok(format!(
        "//! Every operation, called with what it requires and with all it takes.\n{HEADER}\n\
         #![expect(clippy::too_many_lines, reason = \"it is a table\")]\n\n\
         use polarkit::model::*;\n\n\
         use super::proof::calls::{{Calls, free, parsed}};\n\n\
         /// Makes every call.\npub(crate) fn all(calls: &mut impl Calls) {{\n{all}}}\n{functions}"
    ))
}

fn calls_of(plan: &Plan<'_>, group: &Group<'_>, method: &Method<'_>) -> Result<String> {
    let facts = plan.types.facts;
    let begin = group.path.iter().map(|name| format!(".{name}()"));
    let begin = format!("polar{}", begin.collect::<String>());
    let body = method.operation.body.as_ref().map(|body| &body.shape);
    let mut calls = String::new();
    let write = |extent, turn| Call {
        plan,
        body: body.map(|shape| (shape, facts.sample(shape, extent, turn))),
        extent,
        turn,
    };
    let least = write(Extent::Least, 0);
    calls.push_str(&format!("calls.least({begin}{});\n", least.text(method)?));
    for turn in 0..body.map_or(1, |shape| facts.variety(shape)) {
        let full = write(Extent::Full, turn);
        calls.push_str(&format!(
            "calls.full({turn}, {begin}{});\n",
            full.text(method)?
        ));
    }
    Ok(calls)
}

/// One call about to be written.
struct Call<'p, 'a> {
    plan: &'p Plan<'a>,
    body: Option<(&'a Shape, Value)>,
    extent: Extent,
    turn: usize,
}

impl Call<'_, '_> {
    fn text(&self, method: &Method<'_>) -> Result<String> {
        let arguments = method
            .arguments
            .iter()
            .map(|argument| self.said(&argument.said));
        let arguments = arguments.collect::<Result<Vec<_>>>()?.concat();
        let mut text = format!(".{}({})", method.name, arguments.join(", "));
        if self.extent == Extent::Least {
            return Ok(text);
        }
        for setter in &method.setters {
            let values = self.said(&setter.said);
            for value in values.with_context(|| setter.name.clone())? {
                text.push_str(&format!(".{}({value})", setter.name));
            }
        }
        Ok(text)
    }

    /// What is given, once for each time it is given.
    fn said(&self, said: &Said<'_>) -> Result<Vec<String>> {
        Ok(match said {
            Said::Parameter(_, Ty::Plain("FreeForm")) => vec!["\"key\", \"value\"".to_owned()],
            Said::Parameter(parameter, ty) => {
                let sample = self.plan.types.facts.parameter_sample(parameter);
                match (ty, &sample) {
                    (Ty::List(of), Value::Array(items)) => {
                        let item = items.first().context("an empty list")?;
                        vec![self.value(of, &parameter.shape, item, 0)?; 2]
                    }
                    (Ty::List(of), one) => vec![self.value(of, &parameter.shape, one, 0)?; 2],
                    _ => vec![self.value(ty, &parameter.shape, &sample, 0)?],
                }
            }
            Said::Field(member) => {
                let (_, body) = self.body.as_ref().context("a field without a body")?;
                match body.get(&member.field.name) {
                    Some(Value::Null) if member.presence == Presence::Nullable => {
                        vec!["None".to_owned()]
                    }
                    Some(value) if member.presence == Presence::Nullable => {
                        let value = self.member(&member.ty, &member.field.shape, value)?;
                        vec![format!("Some({value})")]
                    }
                    Some(value) => vec![self.member(&member.ty, &member.field.shape, value)?],
                    None => Vec::new(),
                }
            }
            Said::Whole(ty) => {
                let (shape, body) = self.body.as_ref().context("nothing to hand over")?;
                vec![match ty {
                    Ty::Item(item) if matches!(item.kind, Kind::Object(_)) => {
                        self.least(item, body)?
                    }
                    _ => self.value(ty, shape, body, self.turn)?,
                }]
            }
        })
    }

    fn member(&self, ty: &Ty<'_>, shape: &Shape, value: &Value) -> Result<String> {
        let variety = self.plan.types.facts.variety(shape).max(1);
        self.value(ty, shape, value, self.turn % variety)
    }

    /// The value as an expression of exactly that type.
    fn value(&self, ty: &Ty<'_>, shape: &Shape, value: &Value, turn: usize) -> Result<String> {
        let text = || value.as_str().context("not text");
        Ok(match ty {
            Ty::Text => format!("{:?}.to_owned()", text()?),
            Ty::Secret => format!("Secret::from({:?})", text()?),
            Ty::Whole => format!("{}_i64", value.as_i64().context("not whole")?),
            Ty::Flag => value.to_string(),
            Ty::Nothing => "()".to_owned(),
            Ty::Id(name) => format!("parsed::<{name}>({:?})", text()?),
            Ty::Plain(name @ ("Timestamp" | "Date" | "Uuid")) => {
                format!("parsed::<{name}>({:?})", text()?)
            }
            Ty::Plain(name @ ("Currency" | "Country")) => format!("{name}::from({:?})", text()?),
            Ty::Plain(name @ ("Quantity" | "UnitPrice")) => {
                let number = value.to_string();
                format!("{name}(parsed({:?}))", number.trim_matches('"'))
            }
            Ty::Plain("FreeForm") => format!("free({:?})", value.to_string()),
            Ty::Hand(name) if name == "crate::TrialEnd" => {
                format!("TrialEnd::from(parsed::<Timestamp>({:?}))", text()?)
            }
            Ty::Hand(name) if name == "crate::FilterValue" => {
                format!("FilterValue::from({value})")
            }
            Ty::List(of) => self.list(of, shape, value)?,
            Ty::Map(of) => self.map(of, shape, value, turn)?,
            Ty::Item(item) => self.item(item, value, turn)?,
            other => bail!("no sample of {other:?}"),
        })
    }

    fn list(&self, of: &Ty<'_>, shape: &Shape, value: &Value) -> Result<String> {
        let Kind::List(list) = &self.resolve(shape)?.kind else {
            bail!("a list that is none")
        };
        let items = value.as_array().context("not a list")?;
        let items = items.iter().enumerate();
        let items = items.map(|(turn, item)| self.value(of, &list.items, item, turn));
        let items = items.collect::<Result<Vec<_>>>()?;
        if items.is_empty() {
            let of = of.render(&mut std::collections::BTreeSet::new());
            return Ok(format!("Vec::<{of}>::new()"));
        }
        Ok(format!("vec![{}]", items.join(", ")))
    }

    fn map(&self, of: &Ty<'_>, shape: &Shape, value: &Value, turn: usize) -> Result<String> {
        let Kind::Map(map) = &self.resolve(shape)?.kind else {
            bail!("a map that is none")
        };
        let entries = value.as_object().context("not a map")?.iter();
        let entries = entries.map(|(key, entry)| {
            let entry = self.value(of, &map.values, entry, turn)?;
            Ok(format!("({key:?}.to_owned(), {entry})"))
        });
        let entries = entries.collect::<Result<Vec<_>>>()?;
        Ok(format!(
            "std::collections::BTreeMap::from([{}])",
            entries.join(", ")
        ))
    }

    fn item(&self, item: &Item<'_>, value: &Value, turn: usize) -> Result<String> {
        match item.kind {
            Kind::Enum(_) => Ok(format!("{}::from({value})", item.name)),
            Kind::Union(union) => {
                let turned = self.plan.types.facts.turn_of(union, turn);
                let (branch, turn) = turned.context("a union without branches")?;
                let place = super::super::ty::Place {
                    owner: &item.name,
                    field: "",
                };
                let ty = self.plan.types.of(branch, place)?;
                Ok(format!(
                    "{}::from({})",
                    item.name,
                    self.value(&ty, branch, value, turn)?
                ))
            }
            Kind::Object(_) => {
                let (new, setters) = self.object(item, value, turn)?;
                Ok(new + &setters)
            }
            _ => bail!("{} has no value", item.name),
        }
    }

    /// A body handed over whole with what it requires; the operation has setters for the rest.
    fn least(&self, item: &Item<'_>, value: &Value) -> Result<String> {
        let whole = self.object(item, value, self.turn)?;
        Ok(whole.0)
    }

    /// `new` with what is required, and a setter for everything else that is there.
    fn object(&self, item: &Item<'_>, value: &Value, turn: usize) -> Result<(String, String)> {
        let Kind::Object(object) = item.kind else {
            bail!("{} is no object", item.name)
        };
        let planned = self
            .plan
            .items
            .get(&item.name)
            .context("nobody planned it")?;
        let struct_ = Struct::new(self.plan, planned, object)?;
        let (mut arguments, mut setters) = (Vec::new(), String::new());
        for member in &struct_.members {
            let Some(value) = value.get(&member.field.name) else {
                continue;
            };
            let expression = || {
                let variety = self.plan.types.facts.variety(&member.field.shape).max(1);
                let value = self.value(&member.ty, &member.field.shape, value, turn % variety);
                value.with_context(|| member.name.clone())
            };
            match member.presence {
                Presence::Constant => {}
                Presence::Required | Presence::Nullable if matches!(member.ty, Ty::Nothing) => {}
                Presence::Nullable if value.is_null() => arguments.push("None".to_owned()),
                Presence::Nullable => arguments.push(format!("Some({})", expression()?)),
                Presence::Required => arguments.push(expression()?),
                Presence::Optional | Presence::Patch => {
                    setters.push_str(&format!(".{}({})", member.name, expression()?));
                }
            }
        }
        let new = format!("{}::new({})", item.name, arguments.join(", "));
        Ok((new, setters))
    }

    fn resolve<'s>(&'s self, shape: &'s Shape) -> Result<&'s Shape> {
        self.plan
            .types
            .facts
            .resolve(shape)
            .context("leads nowhere")
    }
}

//! `spec/overrides.toml`: what we decided ourselves, and why.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use polarkit_spec::{Event, Facts, Field, Kind, Location, Parameter, Shape, StringRule};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Overrides {
    pub versions: Versions,
    /// Events newer than the document, by type.
    #[serde(default)]
    pub events: BTreeMap<String, NewerEvent>,
    /// Text fields newer than the document, by field name.
    #[serde(default)]
    pub fields: BTreeMap<String, NewerField>,
    /// Parameters the document does not list, by operation and name.
    #[serde(default)]
    pub parameters: BTreeMap<String, BTreeMap<String, UndocumentedParameter>>,
    /// Rust names of shapes.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// Rust names of nameless unions, by place.
    #[serde(default)]
    pub unions: BTreeMap<String, String>,
    /// Rust types written by hand, by place.
    #[serde(default)]
    pub types: BTreeMap<String, String>,
    #[serde(default)]
    pub secrets: Secrets,
    #[serde(default)]
    pub ids: Ids,
    /// Shapes the document lacks, by name.
    #[serde(default)]
    pub shapes: BTreeMap<String, LikeShape>,
    /// Answers the document leaves open, by operation.
    #[serde(default)]
    pub answers: BTreeMap<String, Answer>,
    /// Method names, by operation.
    #[serde(default)]
    pub methods: BTreeMap<String, String>,
    /// How a body is sent, by operation, where it isn't plainly.
    #[serde(default)]
    pub sends: BTreeMap<String, String>,
    /// What an operation does, where its name alone doesn't tell.
    #[serde(default)]
    pub sentences: BTreeMap<String, String>,
    /// What the main nouns are, by shape.
    #[serde(default)]
    pub docs: BTreeMap<String, String>,
    /// The operation whose page in Polar's own reference shows a main noun, by shape.
    #[serde(default)]
    pub pages: BTreeMap<String, String>,
    /// What a group of operations is about, by its path.
    #[serde(default)]
    pub groups: BTreeMap<String, String>,
    /// Groups with an example of their own, by module: `crates/sdk/src/nouns/<module>.md`.
    #[serde(default)]
    pub examples: BTreeSet<String>,
    /// What the common fields are, by name.
    #[serde(default)]
    pub field_docs: BTreeMap<String, String>,
    /// What the events tell, by type.
    #[serde(default)]
    pub event_docs: BTreeMap<String, String>,
}

/// Which texts are secrets.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secrets {
    pub fields: Vec<String>,
    pub places: Vec<String>,
}

/// Which UUIDs are which id.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ids {
    /// By the end of a field's name.
    pub fields: BTreeMap<String, String>,
    /// By the part of a path before `{id}`.
    pub paths: BTreeMap<String, String>,
    /// Of the field `id`, by shape; the first that fits counts.
    pub shapes: Vec<IdOfShapes>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdOfShapes {
    pub id: String,
    pub shapes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Versions {
    /// Those whose documents the facts are read from.
    #[serde(default)]
    pub documents: Vec<String>,
    pub served: Vec<String>,
    pub default: String,
    #[serde(rename = "why")]
    _why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewerEvent {
    data: String,
    since: Option<String>,
    #[serde(rename = "why")]
    _why: String,
}

/// An optional text field added to every shape whose name starts and ends as told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewerField {
    shape_prefix: String,
    shape_suffix: String,
    #[serde(rename = "why")]
    _why: String,
}

/// An object with the fields of another, less some, and with more optional texts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LikeShape {
    like: String,
    without: Vec<String>,
    texts: Vec<String>,
    #[serde(rename = "why")]
    _why: String,
}

/// A flag of the query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UndocumentedParameter {
    #[serde(rename = "why")]
    _why: String,
}

/// The shape of an answer; without one, the answer is null.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    shape: Option<String>,
    #[serde(rename = "why")]
    _why: String,
}

impl LikeShape {
    fn shape(&self, facts: &Facts) -> Result<Shape> {
        let mut shape = facts.shape(&self.like).context("no such shape")?.clone();
        let Kind::Object(object) = &mut shape.kind else {
            bail!("not an object")
        };
        let is_kept = |field: &Field| !self.without.contains(&field.name);
        object.fields.retain(is_kept);
        for text in &self.texts {
            add_text_field(&mut shape, text)?;
        }
        Ok(shape)
    }
}

impl Answer {
    fn settle(&self, facts: &mut Facts, id: &str) -> Result<()> {
        let shape = match &self.shape {
            None => Shape::of(Kind::Null),
            Some(name) if facts.shape(name).is_some() => Shape::reference(name),
            Some(name) => bail!("the unknown shape {name}"),
        };
        let mut operations = facts.operations.iter_mut();
        let operation = operations.find(|known| known.id == id);
        let answer = &mut operation.context("no such operation")?.success.shape;
        if !matches!(answer.as_ref().map(|shape| &shape.kind), Some(Kind::Any)) {
            bail!("the document says what it answers: drop it from overrides.toml");
        }
        *answer = Some(shape);
        Ok(())
    }
}

impl Overrides {
    /// What the documents say, and what they do not.
    pub(super) fn complete(&self, mut facts: Facts) -> Result<Facts> {
        facts.versions.clone_from(&self.versions.served);
        facts.default_version.clone_from(&self.versions.default);
        self.amend(&mut facts)?;
        facts.events.extend(self.newer_events());
        Ok(facts)
    }

    fn newer_events(&self) -> impl Iterator<Item = Event> {
        self.events.iter().map(|(kind, event)| Event {
            kind: kind.clone(),
            payload: None,
            data: event.data.clone(),
            since: event.since.clone(),
            until: None,
        })
    }

    /// Adds the newer fields to the shapes of the document.
    fn amend(&self, facts: &mut Facts) -> Result<()> {
        for (field_name, field) in &self.fields {
            let mut met = false;
            for (name, shape) in &mut facts.shapes {
                if name.starts_with(&field.shape_prefix) && name.ends_with(&field.shape_suffix) {
                    add_text_field(shape, field_name).with_context(|| name.clone())?;
                    met = true;
                }
            }
            if !met {
                bail!("overrides.toml: no shape takes the field {field_name}");
            }
        }
        for (name, like) in &self.shapes {
            let shape = like.shape(facts).with_context(|| name.clone())?;
            facts.shapes.insert(name.clone(), shape);
        }
        for (id, answer) in &self.answers {
            answer.settle(facts, id).with_context(|| id.clone())?;
        }
        for (id, parameters) in &self.parameters {
            let operation = facts.operations.iter_mut().find(|known| known.id == *id);
            let operation = operation.with_context(|| format!("overrides.toml: no {id}"))?;
            let flags = parameters.keys().map(|name| flag(name));
            operation.parameters.extend(flags);
        }
        for (kind, event) in &self.events {
            if facts.shape(&event.data).is_none() {
                bail!(
                    "overrides.toml: event {kind} holds the unknown shape {}",
                    event.data
                );
            }
        }
        Ok(())
    }
}

fn flag(name: &str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        location: Location::Query,
        required: false,
        style: None,
        shape: Shape::of(Kind::Boolean),
    }
}

fn add_text_field(shape: &mut Shape, name: &str) -> Result<()> {
    let Kind::Object(object) = &mut shape.kind else {
        bail!("not an object")
    };
    if object.field(name).is_some() {
        bail!("the document has {name} by now: drop it from overrides.toml");
    }
    let text = Shape {
        nullable: true,
        ..Shape::of(Kind::String(StringRule::default()))
    };
    object.fields.push(Field::new(name, false, text));
    Ok(())
}

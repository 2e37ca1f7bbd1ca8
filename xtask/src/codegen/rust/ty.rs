//! Which Rust type a shape becomes, decided in one place for fields, parameters and bodies.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use polarkit_spec::{Additional, Facts, Kind, Shape, StringRule, UnionRule};

use super::{
    super::overrides::Overrides,
    names::{fits, type_name},
};

/// A Rust type.
#[derive(Debug, Clone)]
pub(super) enum Ty<'a> {
    Text,
    Secret,
    Whole,
    Flag,
    Nothing,
    Plain(&'static str),
    Id(String),
    Hand(String),
    Item(Item<'a>),
    List(Box<Self>),
    Map(Box<Self>),
    Pair(Box<Self>, Box<Self>),
    Page(Box<Self>),
}

/// A type the generator writes.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    pub name: String,
    pub kind: &'a Kind,
    /// The shape's name in the document, when it has one.
    pub shape: Option<&'a str>,
}

/// Where a shape stands: `Order.discount`, `benefits:update body`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    pub owner: &'p str,
    pub field: &'p str,
}

impl Place<'_> {
    fn key(self) -> String {
        if self.field.is_empty() {
            return self.owner.to_owned();
        }
        format!("{}.{}", self.owner, self.field)
    }
}

/// Decides types.
pub(super) struct Types<'a> {
    pub facts: &'a Facts,
    pub overrides: &'a Overrides,
    /// Names of nameless unions by what they choose between.
    unions: Vec<(String, String)>,
}

/// More words than this are not worth an enum of ours.
const ENUM_WORDS_MAX: usize = 100;

/// The pattern that only decimals have begins so.
const DECIMAL_PATTERN: &str = "^(?!^[-+.]*$)";

impl<'a> Types<'a> {
    pub(super) fn new(facts: &'a Facts, overrides: &'a Overrides) -> Result<Self> {
        let mut types = Self {
            facts,
            overrides,
            unions: Vec::new(),
        };
        for (place, name) in &overrides.unions {
            let shape = types
                .at(place)
                .with_context(|| format!("overrides.toml: {place}"))?;
            let Kind::Union(union) = &innermost(shape).kind else {
                bail!("overrides.toml: {place} is no union");
            };
            types.unions.push((signature(union), name.clone()));
        }
        Ok(types)
    }

    /// The shape at a place written in `overrides.toml`.
    fn at(&self, place: &str) -> Result<&'a Shape> {
        if let Some((id, part)) = place.split_once(' ') {
            let operation = self.facts.operation(id).context("no such operation")?;
            let body = operation.body.as_ref().map(|body| &body.shape);
            let shape = if part == "body" {
                body
            } else {
                operation.success.shape.as_ref()
            };
            return shape.context("it has none");
        }
        let (owner, field) = place
            .split_once('.')
            .context("neither operation nor field")?;
        let Some(Kind::Object(object)) = self.facts.shape(owner).map(|shape| &shape.kind) else {
            bail!("no such object");
        };
        Ok(&object.field(field).context("no such field")?.shape)
    }

    /// The type of a shape that stands there; whether it may be null is the caller's to see.
    pub(super) fn of(&self, shape: &'a Shape, place: Place<'_>) -> Result<Ty<'a>> {
        if let Some(hand) = self.overrides.types.get(&place.key()) {
            return Ok(if hand == "bool" {
                Ty::Flag
            } else {
                Ty::Hand(hand.clone())
            });
        }
        Ok(match &shape.kind {
            Kind::Any => Ty::Plain("Value"),
            Kind::Null => Ty::Nothing,
            Kind::Boolean => Ty::Flag,
            Kind::Integer(_) => Ty::Whole,
            Kind::Number(_) => Ty::Plain("Quantity"),
            Kind::String(rule) => self.of_text(rule, place),
            Kind::Constant(value) if value.is_boolean() => Ty::Flag,
            Kind::Constant(_) => Ty::Text,
            Kind::Enum(words) => of_enum(words, shape, place),
            Kind::Reference(name) => self.of_reference(name)?,
            Kind::List(list) => Ty::List(Box::new(self.of(&list.items, place)?)),
            Kind::Tuple(items) => self.of_tuple(items, place)?,
            Kind::Map(map) => self.of_map(&map.values, place)?,
            Kind::Object(_) => bail!("{}: an object without a name", place.key()),
            Kind::Union(union) => self.of_union(union, &shape.kind, place)?,
        })
    }

    fn of_text(&self, rule: &StringRule, place: Place<'_>) -> Ty<'a> {
        let secrets = &self.overrides.secrets;
        let is_secret = secrets.fields.iter().any(|field| field == place.field)
            || secrets.places.contains(&place.key());
        match rule.format.as_deref() {
            Some("uuid4" | "uuid") => self.of_id(place),
            Some("date-time") => Ty::Plain("Timestamp"),
            Some("date") => Ty::Plain("Date"),
            _ if is_secret => Ty::Secret,
            _ if place.field == "currency" || place.field.ends_with("_currency") => {
                Ty::Plain("Currency")
            }
            _ if rule.pattern.as_deref().is_some_and(is_decimal) => Ty::Plain("UnitPrice"),
            _ => Ty::Text,
        }
    }

    fn of_id(&self, place: Place<'_>) -> Ty<'a> {
        let ids = &self.overrides.ids;
        let named = if place.field == "id" {
            let fitting = |ids: &&super::super::overrides::IdOfShapes| {
                ids.shapes.iter().any(|pattern| fits(pattern, place.owner))
            };
            ids.shapes.iter().find(fitting).map(|ids| &ids.id)
        } else {
            let ends = |key: &str| place.field == key || place.field.ends_with(&format!("_{key}"));
            let fitting = ids.fields.iter().filter(|(key, _)| ends(key));
            fitting.max_by_key(|(key, _)| key.len()).map(|(_, id)| id)
        };
        named.map_or(Ty::Plain("Uuid"), |id| Ty::Id(id.clone()))
    }

    pub(super) fn of_reference(&self, name: &'a str) -> Result<Ty<'a>> {
        let shape = self
            .facts
            .shape(name)
            .with_context(|| format!("no shape {name}"))?;
        if name == "PresentmentCurrency" {
            return Ok(Ty::Plain("Currency"));
        }
        if name == "Pagination" {
            return Ok(Ty::Hand("crate::Pagination".to_owned()));
        }
        if name.starts_with("ListResource_") {
            return self.of_page(shape);
        }
        match &shape.kind {
            Kind::Object(object) if matches!(object.additional, Additional::Kept(_)) => {
                Ok(Ty::Plain("FreeForm"))
            }
            Kind::Object(_) | Kind::Enum(_) | Kind::Union(_) => {
                let name_of = self.overrides.names.get(name);
                let rust = name_of.cloned().unwrap_or_else(|| type_name(name));
                Ok(Ty::Item(Item {
                    name: rust,
                    kind: &shape.kind,
                    shape: Some(name),
                }))
            }
            _ => self.of(
                shape,
                Place {
                    owner: name,
                    field: "",
                },
            ),
        }
    }

    fn of_page(&self, list: &'a Shape) -> Result<Ty<'a>> {
        let Kind::Object(object) = &list.kind else {
            bail!("a page that is no object")
        };
        let items = object.field("items").context("a page without items")?;
        let place = Place {
            owner: "",
            field: "items",
        };
        match self.of(&items.shape, place)? {
            Ty::List(item) => Ok(Ty::Page(item)),
            other => bail!("a page of {other:?}"),
        }
    }

    fn of_tuple(&self, items: &'a [Shape], place: Place<'_>) -> Result<Ty<'a>> {
        let [one, two] = items else {
            bail!("{}: a tuple of {}", place.key(), items.len())
        };
        Ok(Ty::Pair(
            Box::new(self.of(one, place)?),
            Box::new(self.of(two, place)?),
        ))
    }

    /// Maps of scalars are free-form: metadata and its kin.
    fn of_map(&self, values: &'a Shape, place: Place<'_>) -> Result<Ty<'a>> {
        let free = matches!(&values.kind, Kind::Any)
            || matches!(&values.kind, Kind::Union(union) if !has_named_branch(union));
        if free {
            return Ok(Ty::Plain("FreeForm"));
        }
        Ok(Ty::Map(Box::new(self.of(values, place)?)))
    }

    fn of_union(&self, union: &'a UnionRule, kind: &'a Kind, place: Place<'_>) -> Result<Ty<'a>> {
        if !has_named_branch(union) {
            return of_scalars(union, place);
        }
        if let Some(page) = self.of_page_choice(union)? {
            return Ok(page);
        }
        let signature = signature(union);
        let named = self.unions.iter().find(|(known, _)| *known == signature);
        let (_, name) = named.with_context(|| {
            format!(
                "{}: name this union in overrides.toml: {signature}",
                place.key()
            )
        })?;
        Ok(Ty::Item(Item {
            name: name.clone(),
            kind,
            shape: None,
        }))
    }

    /// Of several ways to cut a list, the one every list has.
    fn of_page_choice(&self, union: &'a UnionRule) -> Result<Option<Ty<'a>>> {
        let mut pages = union
            .branches
            .iter()
            .filter_map(|branch| match &branch.kind {
                Kind::Reference(name) if name.starts_with("ListResource_") => Some(name.as_str()),
                _ => None,
            });
        pages.next().map(|name| self.of_reference(name)).transpose()
    }
}

fn of_enum<'a>(words: &[String], shape: &'a Shape, place: Place<'_>) -> Ty<'a> {
    if words.len() > ENUM_WORDS_MAX {
        return if place.field == "country" {
            Ty::Plain("Country")
        } else {
            Ty::Text
        };
    }
    let name = format!("{}{}", type_name(place.owner), type_name(place.field));
    Ty::Item(Item {
        name,
        kind: &shape.kind,
        shape: None,
    })
}

/// The few unions of scalars that stand outside maps.
fn of_scalars<'a>(union: &UnionRule, place: Place<'_>) -> Result<Ty<'a>> {
    let number = |shape: &Shape| matches!(shape.kind, Kind::Integer(_) | Kind::Number(_));
    if union.branches.iter().all(number) {
        return Ok(Ty::Plain("Quantity"));
    }
    let decimal = |shape: &Shape| match &shape.kind {
        Kind::String(rule) => rule.pattern.as_deref().is_some_and(is_decimal),
        _ => number(shape),
    };
    if union.branches.iter().all(decimal) {
        return Ok(Ty::Plain("UnitPrice"));
    }
    bail!(
        "{}: a union of scalars nobody named in overrides.toml",
        place.key()
    )
}

fn is_decimal(pattern: &str) -> bool {
    pattern.starts_with(DECIMAL_PATTERN)
}

fn has_named_branch(union: &UnionRule) -> bool {
    union.branches.iter().any(|branch| match &branch.kind {
        Kind::Reference(_) => true,
        Kind::Union(inner) => has_named_branch(inner),
        _ => false,
    })
}

/// What a union chooses between, in one text.
fn signature(union: &UnionRule) -> String {
    let parts = union.branches.iter().map(|branch| match &branch.kind {
        Kind::Reference(name) => name.clone(),
        Kind::Union(inner) => format!("({})", signature(inner)),
        other => format!("{other:?}"),
    });
    parts.collect::<Vec<_>>().join("|")
}

/// Past lists and maps, what is inside.
fn innermost(shape: &Shape) -> &Shape {
    match &shape.kind {
        Kind::List(list) => innermost(&list.items),
        Kind::Map(map) => innermost(&map.values),
        _ => shape,
    }
}

impl Ty<'_> {
    /// The type as written; names that need an import are gathered.
    pub(super) fn render(&self, imports: &mut BTreeSet<String>) -> String {
        let mut import = |name: &str| {
            if !name.contains("::") && name != "Value" {
                imports.insert(name.to_owned());
            }
            name.to_owned()
        };
        match self {
            Self::Text => "String".to_owned(),
            Self::Secret => import("Secret"),
            Self::Whole => "i64".to_owned(),
            Self::Flag => "bool".to_owned(),
            Self::Nothing => "()".to_owned(),
            Self::Plain(name) => import(name),
            Self::Hand(name) => match name.strip_prefix("crate::") {
                Some(ours) => import(ours),
                None => import(name),
            },
            Self::Id(name) => import(name),
            Self::Item(item) => import(&item.name),
            Self::List(of) => format!("Vec<{}>", of.render(imports)),
            Self::Map(of) => {
                let of = of.render(imports);
                imports.insert("std::collections::BTreeMap".to_owned());
                format!("BTreeMap<String, {of}>")
            }
            Self::Pair(one, two) => {
                format!("({}, {})", one.render(imports), two.render(imports))
            }
            Self::Page(of) => {
                let of = of.render(imports);
                imports.insert("Page".to_owned());
                format!("Page<{of}>")
            }
        }
    }

    /// How it is taken as an argument, and how the argument becomes it.
    pub(super) fn argument(&self, name: &str, imports: &mut BTreeSet<String>) -> (String, String) {
        let into = |ty: String| (format!("impl Into<{ty}>"), format!("{name}.into()"));
        match self {
            Self::Text => into("String".to_owned()),
            Self::Plain("FreeForm") => (
                "impl IntoIterator<Item = (impl Into<String>, impl Into<Value>)>".to_owned(),
                format!(
                    "{name}.into_iter().map(|(key, value)| (key.into(), value.into())).collect()"
                ),
            ),
            Self::Plain("Timestamp" | "Date" | "Uuid") => (self.render(imports), name.to_owned()),
            Self::Secret
            | Self::Plain(_)
            | Self::Hand(_)
            | Self::Item(Item {
                kind: Kind::Union(_),
                ..
            }) => into(self.render(imports)),
            Self::List(of)
                if matches!(
                    **of,
                    Self::Text
                        | Self::Item(Item {
                            kind: Kind::Union(_),
                            ..
                        })
                ) =>
            {
                let (item, _) = of.argument("item", imports);
                (
                    format!("impl IntoIterator<Item = {item}>"),
                    format!("{name}.into_iter().map(Into::into).collect()"),
                )
            }
            Self::List(of) => (
                format!("impl IntoIterator<Item = {}>", of.render(imports)),
                format!("{name}.into_iter().collect()"),
            ),
            _ => (self.render(imports), name.to_owned()),
        }
    }
}

//! JSON schema → shape: nullability becomes a flag, every constraint keeps its place.

use anyhow::{Context, Result, bail, ensure};
use heck::ToTitleCase;
use polarkit_spec::{
    Additional, Field, IntegerRule, Kind, ListRule, MapRule, NumberRule, ObjectRule, Shape,
    StringRule, UnionRule,
};

use super::openapi::{self, Schema};

/// A shape of the document's list.
pub(super) fn named(name: &str, schema: Schema) -> Result<Shape> {
    inline(name, schema)
}

/// A shape met inside another, under that name.
pub(super) fn inline(name: &str, mut schema: Schema) -> Result<Shape> {
    let title = schema
        .title
        .take()
        .filter(|title| is_class_name(title, name));
    let default = schema.default.take();
    let (deprecated, read_only) = (schema.deprecated, schema.read_only);
    let (kind, nullable) = read_kind(name, schema)?;
    let title = title.filter(|title| !matches!(&kind, Kind::Reference(target) if target == title));
    Ok(Shape {
        kind,
        nullable,
        default,
        title,
        deprecated,
        read_only,
    })
}

/// Sentences are prose, and a title made from the field's own name says nothing.
fn is_class_name(title: &str, name: &str) -> bool {
    let one_word = title
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '[' | ']'));
    one_word && title != name && title != name.to_title_case()
}

fn read_kind(name: &str, mut schema: Schema) -> Result<(Kind, bool)> {
    if let Some(reference) = schema.reference {
        return Ok((Kind::Reference(target(&reference)?), false));
    }
    let exclusive = schema.one_of.is_some();
    if let Some(branches) = schema.any_of.take().or(schema.one_of.take()) {
        return read_union(name, branches, exclusive, schema.discriminator);
    }
    if let Some(constant) = schema.constant {
        return Ok((Kind::Constant(constant), false));
    }
    if let Some(words) = schema.words {
        return Ok((Kind::Enum(words), false));
    }
    let kind = match schema.kind.as_deref() {
        None => Kind::Any,
        Some("null") => Kind::Null,
        Some("boolean") => Kind::Boolean,
        Some("integer") => Kind::Integer(integer_rule(&schema)?),
        Some("number") => Kind::Number(number_rule(&schema)),
        Some("string") => Kind::String(string_rule(schema)),
        Some("array") => read_list(schema)?,
        Some("object") => read_object(schema)?,
        Some(other) => bail!("type {other} is new"),
    };
    Ok((kind, false))
}

/// A branch of null is no branch but nullability; one branch left is that branch.
fn read_union(
    name: &str,
    branches: Vec<Schema>,
    exclusive: bool,
    discriminator: Option<openapi::Discriminator>,
) -> Result<(Kind, bool)> {
    let mut nullable = false;
    let mut shapes = Vec::new();
    for branch in branches {
        let shape = inline(name, branch)?;
        if shape.kind == Kind::Null {
            nullable = true;
        } else {
            shapes.push(shape);
        }
    }
    if discriminator.is_none() && shapes.len() == 1 {
        let only = shapes.remove(0);
        let bare = only.default.is_none() && !only.deprecated && !only.read_only;
        if bare {
            return Ok((only.kind, nullable || only.nullable));
        }
        shapes.push(only);
    }
    let (discriminator, mapping) = match discriminator {
        None => (None, Vec::new()),
        Some(found) => (Some(found.property_name), read_mapping(found.mapping)?),
    };
    Ok((
        Kind::Union(UnionRule {
            branches: shapes,
            exclusive,
            discriminator,
            mapping,
        }),
        nullable,
    ))
}

fn read_mapping(
    mapping: std::collections::BTreeMap<String, String>,
) -> Result<Vec<(String, String)>> {
    mapping
        .into_iter()
        .map(|(word, reference)| Ok((word, target(&reference)?)))
        .collect()
}

fn read_list(schema: Schema) -> Result<Kind> {
    if let Some(items) = schema.prefix_items {
        let items = items
            .into_iter()
            .map(|item| inline("", item))
            .collect::<Result<_>>()?;
        return Ok(Kind::Tuple(items));
    }
    let items = schema.items.context("an array of unsaid items")?;
    Ok(Kind::List(Box::new(ListRule {
        items: inline("", *items)?,
        min_items: schema.min_items,
        max_items: schema.max_items,
        unique: schema.unique_items,
    })))
}

fn read_object(schema: Schema) -> Result<Kind> {
    if let Some(properties) = schema.properties {
        let fields = properties
            .0
            .into_iter()
            .map(|(name, shape)| {
                let required = schema.required.contains(&name);
                let shape = inline(&name, shape).with_context(|| format!("field {name}"))?;
                Ok(Field::new(name, required, shape))
            })
            .collect::<Result<_>>()?;
        let additional = read_additional(schema.additional_properties)?;
        return Ok(Kind::Object(ObjectRule { fields, additional }));
    }
    let (keys, values) = match (schema.pattern_properties, schema.additional_properties) {
        (Some(patterns), None) => read_patterns(patterns)?,
        (None, Some(openapi::Additional::Shaped(values))) => (None, inline("", *values)?),
        (None, None | Some(openapi::Additional::Said(true))) => (None, Shape::of(Kind::Any)),
        _ => bail!("a map of a new kind"),
    };
    let named_keys = schema
        .property_names
        .map(|keys| inline("", *keys))
        .transpose()?;
    Ok(Kind::Map(Box::new(MapRule {
        values,
        keys: named_keys.or(keys),
        min_entries: schema.min_properties,
        max_entries: schema.max_properties,
    })))
}

/// Keys by pattern are a map whose keys must match it.
fn read_patterns(patterns: openapi::Ordered<Schema>) -> Result<(Option<Shape>, Shape)> {
    ensure!(patterns.0.len() == 1, "several key patterns");
    let (pattern, values) = patterns.0.into_iter().next().context("no key pattern")?;
    let keys = StringRule {
        pattern: Some(pattern),
        ..StringRule::default()
    };
    Ok((Some(Shape::of(Kind::String(keys))), inline("", values)?))
}

fn read_additional(additional: Option<openapi::Additional>) -> Result<Additional> {
    Ok(match additional {
        None => Additional::Unsaid,
        Some(openapi::Additional::Said(false)) => Additional::Forbidden,
        Some(openapi::Additional::Said(true)) => Additional::Kept(Box::new(Shape::of(Kind::Any))),
        Some(openapi::Additional::Shaped(shape)) => Additional::Kept(Box::new(inline("", *shape)?)),
    })
}

fn integer_rule(schema: &Schema) -> Result<IntegerRule> {
    Ok(IntegerRule {
        minimum: whole(schema.minimum)?,
        maximum: whole(schema.maximum)?,
        exclusive_minimum: whole(schema.exclusive_minimum)?,
        exclusive_maximum: whole(schema.exclusive_maximum)?,
    })
}

/// The document writes whole bounds as floats.
fn whole(bound: Option<f64>) -> Result<Option<i64>> {
    bound
        .map(|bound| {
            format!("{bound:.0}")
                .parse()
                .context("a bound past 64 bits")
        })
        .transpose()
}

fn number_rule(schema: &Schema) -> NumberRule {
    NumberRule {
        minimum: schema.minimum,
        maximum: schema.maximum,
        exclusive_minimum: schema.exclusive_minimum,
        exclusive_maximum: schema.exclusive_maximum,
    }
}

fn string_rule(schema: Schema) -> StringRule {
    StringRule {
        min_length: schema.min_length,
        max_length: schema.max_length,
        pattern: schema.pattern,
        format: schema.format,
    }
}

fn target(reference: &str) -> Result<String> {
    let name = reference.strip_prefix("#/components/schemas/");
    Ok(name
        .with_context(|| format!("reference {reference} leads elsewhere"))?
        .to_owned())
}

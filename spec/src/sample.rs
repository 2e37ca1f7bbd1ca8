//! Made-up values that a shape allows: to prove that everything can be asked and read.

use serde_json::{Map, Value, json};

use crate::{Facts, Kind, ListRule, Location, ObjectRule, Parameter, Shape, StringRule, UnionRule};

/// An id, whosever.
pub const ID: &str = "11111111-1111-4111-8111-111111111111";

/// How much of a shape a value shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What is required; what may be null is.
    Least,
    /// Every field, and nothing null.
    Full,
}

/// A shape that contains itself is followed through so many objects.
const DEPTH_MAX: usize = 8;

/// More tries than this show nothing new.
const VARIETY_MAX: usize = 100;

impl Facts {
    /// A value of that shape. Turns from 0 to [`Facts::variety`] show each branch of each union
    /// in it at least once; a list shows all branches at once.
    pub fn sample(&self, shape: &Shape, extent: Extent, turn: usize) -> Value {
        let sampler = Sampler {
            facts: self,
            extent,
        };
        sampler.value("", shape, turn, 0)
    }

    /// A value of a parameter; in a path, with what has to be escaped there.
    pub fn parameter_sample(&self, parameter: &Parameter) -> Value {
        let sampler = Sampler {
            facts: self,
            extent: Extent::Full,
        };
        match sampler.value(&parameter.name, &parameter.shape, 0, 0) {
            Value::String(text) if parameter.location == Location::Path && text != ID => {
                json!(format!("{text}/ü?"))
            }
            value => value,
        }
    }

    /// How many turns it takes to see every branch of that shape.
    pub fn variety(&self, shape: &Shape) -> usize {
        self.variety_at(shape, 0).min(VARIETY_MAX)
    }

    /// The branch a union shows in that turn, and the turn for the branch.
    pub fn turn_of<'a>(&self, union: &'a UnionRule, turn: usize) -> Option<(&'a Shape, usize)> {
        self.branch(union, turn, 0)
    }

    fn branch<'a>(
        &self,
        union: &'a UnionRule,
        mut turn: usize,
        depth: usize,
    ) -> Option<(&'a Shape, usize)> {
        for branch in &union.branches {
            let variety = self.variety_at(branch, depth);
            if turn < variety {
                return Some((branch, turn));
            }
            turn -= variety;
        }
        union.branches.last().map(|last| (last, turn))
    }

    fn variety_at(&self, shape: &Shape, depth: usize) -> usize {
        if depth > DEPTH_MAX {
            return 1;
        }
        match &shape.kind {
            Kind::Reference(name) => self
                .shape(name)
                .map_or(1, |shape| self.variety_at(shape, depth)),
            Kind::Union(union) if names_a_shape(union) => {
                let branches = union.branches.iter();
                branches.map(|branch| self.variety_at(branch, depth)).sum()
            }
            Kind::Object(object) => {
                let fields = object.fields.iter();
                let varieties = fields.map(|field| self.variety_at(&field.shape, depth + 1));
                varieties.max().unwrap_or(1)
            }
            Kind::Map(map) => self.variety_at(&map.values, depth),
            _ => 1,
        }
    }
}

/// Unions of scalars are one value written in several ways.
fn names_a_shape(union: &UnionRule) -> bool {
    union.branches.iter().any(|branch| match &branch.kind {
        Kind::Reference(_) => true,
        Kind::Union(inner) => names_a_shape(inner),
        _ => false,
    })
}

struct Sampler<'a> {
    facts: &'a Facts,
    extent: Extent,
}

impl Sampler<'_> {
    fn value(&self, name: &str, shape: &Shape, turn: usize, depth: usize) -> Value {
        if shape.nullable && self.extent == Extent::Least {
            return Value::Null;
        }
        match &shape.kind {
            Kind::Any => json!("anything"),
            Kind::Null => Value::Null,
            Kind::Boolean => json!(true),
            Kind::Integer(rule) => {
                let least = rule
                    .minimum
                    .or(rule.exclusive_minimum.map(|bound| bound + 1));
                let most = rule
                    .maximum
                    .or(rule.exclusive_maximum.map(|bound| bound - 1));
                json!(7.clamp(least.unwrap_or(i64::MIN), most.unwrap_or(i64::MAX)))
            }
            Kind::Number(rule) => json!(rule.maximum.map_or(7.5, |most| most.min(7.5))),
            Kind::String(rule) => json!(text(name, rule)),
            Kind::Constant(value) => value.clone(),
            Kind::Enum(words) => json!(words.first()),
            Kind::Reference(target) => self
                .facts
                .shape(target)
                .map_or(Value::Null, |shape| self.value(name, shape, turn, depth)),
            Kind::List(list) => self.list(name, list, depth),
            Kind::Tuple(items) => {
                let item = |item| self.value(name, item, turn, depth);
                items.iter().map(item).collect()
            }
            Kind::Map(map) => {
                let value = self.value(name, &map.values, turn, depth);
                let key = map
                    .keys
                    .as_ref()
                    .map(|keys| self.value("key", keys, 0, depth));
                let key = key.as_ref().and_then(Value::as_str).unwrap_or("key");
                json!({ key: value })
            }
            Kind::Object(object) => self.object(object, turn, depth),
            Kind::Union(union) => match self.facts.branch(union, turn, depth) {
                Some((branch, turn)) => self.value(name, branch, turn, depth),
                None => Value::Null,
            },
        }
    }

    /// Every variety of item, as many as the list may hold.
    fn list(&self, name: &str, list: &ListRule, depth: usize) -> Value {
        if depth > DEPTH_MAX && list.min_items.is_none() {
            return json!([]);
        }
        let variety = self.facts.variety_at(&list.items, depth);
        let least = list.min_items.unwrap_or(0);
        let count = match self.extent {
            Extent::Least => usize::try_from(least).unwrap_or(usize::MAX),
            Extent::Full => variety.max(1),
        };
        let most = list.max_items.map_or(VARIETY_MAX, |most| {
            usize::try_from(most).unwrap_or(usize::MAX)
        });
        let item = |turn| self.value(name, &list.items, turn, depth);
        (0..count.min(most)).map(item).collect()
    }

    fn object(&self, object: &ObjectRule, turn: usize, depth: usize) -> Value {
        let mut fields = Map::new();
        for field in &object.fields {
            let said = self.extent == Extent::Full && field.shape.kind != Kind::Null;
            let tells = matches!(&field.shape.kind, Kind::Constant(word) if word.is_string());
            if field.required || tells || (said && depth <= DEPTH_MAX) {
                let turn = turn % self.facts.variety_at(&field.shape, depth + 1).max(1);
                let value = self.value(&field.name, &field.shape, turn, depth + 1);
                fields.insert(field.name.clone(), value);
            }
        }
        Value::Object(fields)
    }
}

/// Text is the field's own name, so that two that were swapped can be told apart.
fn text(name: &str, rule: &StringRule) -> String {
    let known = rule.pattern.as_deref().and_then(of_pattern);
    if let Some(text) = known.or_else(|| rule.format.as_deref().and_then(of_format)) {
        return text.to_owned();
    }
    let name = if name.is_empty() { "text" } else { name };
    let least = usize::try_from(rule.min_length.unwrap_or(0)).unwrap_or(0);
    let most = rule.max_length.map_or(usize::MAX, |most| {
        usize::try_from(most).unwrap_or(usize::MAX)
    });
    name.chars()
        .chain(std::iter::repeat_n('x', least.saturating_sub(name.len())))
        .take(most)
        .collect()
}

fn of_format(format: &str) -> Option<&'static str> {
    Some(match format {
        "uuid4" | "uuid" => ID,
        "date-time" => "2026-01-02T03:04:05Z",
        "date" => "2026-01-02",
        "uri" => "https://example.com/there",
        "email" => "somebody@example.com",
        "ipvanyaddress" => "192.0.2.1",
        "duration" => "P1D",
        "color" => "#0062ff",
        _ => return None,
    })
}

/// Patterns can't be run backwards; these are all there are, by how they begin.
fn of_pattern(pattern: &str) -> Option<&'static str> {
    Some(match pattern {
        "usd" => "usd",
        "^[a-z0-9-_]+$" => "a-slug",
        "^[a-zA-Z0-9_.-]{1,64}$" => "a.name",
        "^(rk|sk)_" => "rk_1",
        "^A[A-Z0-9]+$" => "A1",
        "^[0-9]+\\.[0-9]+$" => "1.5",
        image if image.starts_with("^image") => "image/png",
        file if file.starts_with("^(image") => "application/pdf",
        decimal if decimal.starts_with("^(?!") => "7.5",
        _ => return None,
    })
}

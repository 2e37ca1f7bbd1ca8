//! Shapes: what a value may be, with every constraint Polar checks.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// What it is when it is not null.
    pub kind: Kind,
    /// Whether it may be null.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nullable: bool,
    /// What an absent value means; `Some(Null)` when that is null.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub default: Option<Value>,
    /// The class name behind it, when it is not the shape's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether it is on its way out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deprecated: bool,
    /// Whether Polar computes it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
}

impl Shape {
    /// A shape of that kind and nothing more.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            nullable: false,
            default: None,
            title: None,
            deprecated: false,
            read_only: false,
        }
    }

    /// A reference to a named shape.
    pub fn reference(name: impl Into<String>) -> Self {
        Self::of(Kind::Reference(name.into()))
    }
}

/// The kinds of value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Anything at all.
    Any,
    /// Null and nothing else.
    Null,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer(IntegerRule),
    /// Any number.
    Number(NumberRule),
    /// Text.
    String(StringRule),
    /// Exactly this value.
    Constant(Value),
    /// One of these words.
    Enum(Vec<String>),
    /// What the named shape says.
    Reference(String),
    /// Values of one shape.
    List(Box<ListRule>),
    /// Values each with a shape of its own.
    Tuple(Vec<Shape>),
    /// Values of one shape under free keys.
    Map(Box<MapRule>),
    /// Named fields.
    Object(ObjectRule),
    /// One of several shapes.
    Union(UnionRule),
}

/// Constraints of a whole number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IntegerRule {
    /// At least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<i64>,
    /// At most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<i64>,
    /// More than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_minimum: Option<i64>,
    /// Less than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_maximum: Option<i64>,
}

/// Constraints of any number.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NumberRule {
    /// At least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// At most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// More than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_minimum: Option<f64>,
    /// Less than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_maximum: Option<f64>,
}

/// Constraints of text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StringRule {
    /// At least so many characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// At most so many characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// A regular expression it must match somewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What kind of text: `uuid4`, `uuid`, `date-time`, `date`, `uri`, `email`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListRule {
    /// What each item is.
    pub items: Shape,
    /// At least so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// Whether no item may stand twice.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unique: bool,
}

/// A map with free keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapRule {
    /// What each value is.
    pub values: Shape,
    /// What each key must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Shape>,
    /// At least so many entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_entries: Option<u64>,
    /// At most so many entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_entries: Option<u64>,
}

/// An object with named fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectRule {
    /// The fields, in the document's order.
    pub fields: Vec<Field>,
    /// What happens to a field the list doesn't name.
    #[serde(default, skip_serializing_if = "Additional::is_unsaid")]
    pub additional: Additional,
}

impl ObjectRule {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// One field of an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name on the wire.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it may be.
    pub shape: Shape,
    /// The first version of the API that has it, unless all known ones before have it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The last version of the API that has it, unless it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Field {
    /// A field of every version.
    pub fn new(name: impl Into<String>, required: bool, shape: Shape) -> Self {
        Self {
            name: name.into(),
            required,
            shape,
            since: None,
            until: None,
        }
    }
}

/// What the document says about fields it doesn't name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Additional {
    /// Nothing: Polar ignores them.
    #[default]
    Unsaid,
    /// They are refused.
    Forbidden,
    /// They are kept, and have this shape.
    Kept(Box<Shape>),
}

impl Additional {
    fn is_unsaid(&self) -> bool {
        matches!(self, Self::Unsaid)
    }
}

/// One of several shapes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnionRule {
    /// The branches, in the document's order, which is also the order of Polar's error entries.
    pub branches: Vec<Shape>,
    /// Whether exactly one branch may fit (`oneOf`) and not merely one at least (`anyOf`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub exclusive: bool,
    /// The field that tells the branches apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discriminator: Option<String>,
    /// Which value of that field means which named shape.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mapping: Vec<(String, String)>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// Keeps `null` apart from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

//! The parts of an OpenAPI 3.1 document that are facts. A keyword we have not met fails the run,
//! so that a new constraint cannot slip by; prose is named once below and dropped.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Document {
    pub info: Info,
    pub paths: Ordered<Ordered<Operation>>,
    pub webhooks: Ordered<Ordered<Operation>>,
    pub components: Components,
}

#[derive(Deserialize)]
pub(super) struct Info {
    pub version: String,
}

#[derive(Deserialize)]
pub(super) struct Components {
    pub schemas: Ordered<Schema>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    #[serde(rename = "operationId")]
    pub id: String,
    #[serde(default)]
    pub tags: Vec<String>,
    /// Read for the address of its page in the reference, which is made from it.
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub security: Vec<Ordered<Vec<String>>>,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    pub request_body: Option<RequestBody>,
    pub responses: Ordered<Response>,
    #[serde(rename = "x-polar-allowed-subjects", default)]
    pub subjects: Vec<String>,
    #[serde(rename = "x-polar-pagination")]
    pub pagination: Option<Pagination>,
    #[serde(rename = "x-speakeasy-group", default)]
    pub group: String,
    #[serde(rename = "x-speakeasy-name-override", default)]
    pub name: String,
}

#[derive(Deserialize)]
pub(super) struct Pagination {
    #[serde(rename = "type")]
    pub kind: String,
    pub item_schema: Schema,
}

#[derive(Deserialize)]
pub(super) struct Parameter {
    pub name: String,
    #[serde(rename = "in")]
    pub location: String,
    pub required: bool,
    pub style: Option<String>,
    pub schema: Schema,
}

#[derive(Deserialize)]
pub(super) struct RequestBody {
    #[serde(default)]
    pub required: bool,
    pub content: Ordered<Media>,
}

#[derive(Deserialize)]
pub(super) struct Response {
    #[serde(default)]
    pub content: Ordered<Media>,
}

#[derive(Deserialize)]
pub(super) struct Media {
    #[serde(default)]
    pub schema: Schema,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Schema {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    pub any_of: Option<Vec<Self>>,
    pub one_of: Option<Vec<Self>>,
    pub discriminator: Option<Discriminator>,
    pub properties: Option<Ordered<Self>>,
    pub required: Vec<String>,
    pub additional_properties: Option<Additional>,
    pub pattern_properties: Option<Ordered<Self>>,
    pub property_names: Option<Box<Self>>,
    pub min_properties: Option<u64>,
    pub max_properties: Option<u64>,
    pub items: Option<Box<Self>>,
    pub prefix_items: Option<Vec<Self>>,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub unique_items: bool,
    #[serde(rename = "enum")]
    pub words: Option<Vec<String>>,
    #[serde(rename = "const")]
    pub constant: Option<Value>,
    #[serde(deserialize_with = "present")]
    pub default: Option<Value>,
    pub format: Option<String>,
    pub pattern: Option<String>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub exclusive_minimum: Option<f64>,
    pub exclusive_maximum: Option<f64>,
    pub title: Option<String>,
    pub deprecated: bool,
    pub read_only: bool,
    // Left where it stands: text for people, and hints for other generators.
    #[serde(rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(rename = "examples")]
    _examples: Option<IgnoredAny>,
    #[serde(rename = "enumNames")]
    _enum_names: Option<IgnoredAny>,
    #[serde(rename = "x-speakeasy-enums")]
    _sdk_names: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Discriminator {
    pub property_name: String,
    #[serde(default)]
    pub mapping: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Additional {
    Said(bool),
    Shaped(Box<Schema>),
}

/// A JSON object read in the order it was written.
pub(super) struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Keeps `null` apart from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

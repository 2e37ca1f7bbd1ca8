//! Polar's own OpenAPI document, where it is at hand, with a JSON Schema validator.

use std::path::PathBuf;

use boon::{Compiler, Draft, Schemas};
use serde_json::Value;

/// Names the document's file.
const VARIABLE: &str = "POLAR_OPENAPI";

/// Where it lies beside a checkout.
const USUAL: &str = "../../../shared/polar/openapi";

/// The name the validator knows the document by.
const URL: &str = "file:///polar.json";

/// The document, ready to hold values against.
pub(crate) struct Document {
    pub(crate) json: Value,
    schemas: Schemas,
    compiler: Compiler,
}

impl Document {
    /// The document of that version, unless it isn't at hand: then it says so.
    pub(crate) fn find(version: &str) -> Option<Self> {
        let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(USUAL);
        let path = match std::env::var_os(VARIABLE) {
            Some(path) => PathBuf::from(path),
            None => beside.join(format!("{version}.json")),
        };
        let Ok(text) = std::fs::read(&path) else {
            eprintln!(
                "not held against Polar's document: no {} ({VARIABLE} names another)",
                path.display()
            );
            return None;
        };
        let mut json: Value = serde_json::from_slice(&text).unwrap();
        as_it_is_meant(&mut json);
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.add_resource(URL, json.clone()).unwrap();
        Some(Self {
            json,
            schemas: Schemas::new(),
            compiler,
        })
    }

    /// Where the operation stands in the document.
    pub(crate) fn operation(&self, id: &str) -> (String, &Value) {
        for (path, methods) in self.json["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                if operation["operationId"] == id {
                    let path = path.replace('~', "~0").replace('/', "~1");
                    return (format!("/paths/{path}/{method}"), operation);
                }
            }
        }
        panic!("{id} is not in the document")
    }

    /// What is wrong with a value, by the schema at that place of the document.
    pub(crate) fn fault(&mut self, pointer: &str, value: &Value) -> Option<String> {
        let pointer = pointer.replace('{', "%7B").replace('}', "%7D");
        let place = format!("{URL}#{pointer}");
        let schema = self.compiler.compile(&place, &mut self.schemas);
        let schema = schema.unwrap_or_else(|error| panic!("{place}: {error:#}"));
        let fault = self.schemas.validate(value, schema).err()?;
        Some(format!("{fault:#}"))
    }
}

/// The document with two of its words as the service means them. `oneOf` stands where branches
/// overlap: Polar's own answers fit several, and the service takes the first that fits. And the
/// validator's patterns cannot look ahead, which a few do to say that a decimal is not empty.
fn as_it_is_meant(json: &mut Value) {
    match json {
        Value::Object(fields) => {
            if let Some(Value::String(pattern)) = fields.get_mut("pattern")
                && pattern.contains("(?")
            {
                r"^[+-]?\d*\.?\d*$".clone_into(pattern);
            }
            if let Some(branches) = fields.remove("oneOf") {
                fields.insert("anyOf".to_owned(), branches);
            }
            fields.values_mut().for_each(as_it_is_meant);
        }
        Value::Array(items) => items.iter_mut().for_each(as_it_is_meant),
        _ => {}
    }
}

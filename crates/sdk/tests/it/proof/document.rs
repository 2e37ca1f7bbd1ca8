//! Polar's own OpenAPI document, where it is at hand, with a JSON Schema validator.

use std::{error::Error, path::PathBuf};

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
        let json: Value = serde_json::from_slice(&text).unwrap();
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.set_regex_engine(regex);
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

/// Patterns as the engine at hand takes them; the few that look ahead say of decimals that they
/// are not empty.
fn regex(pattern: &str) -> Result<Box<dyn boon::Regex>, Box<dyn Error>> {
    struct Pattern(regex::Regex);
    impl boon::Regex for Pattern {
        fn is_match(&self, text: &str) -> bool {
            self.0.is_match(text)
        }
    }
    let plain = if pattern.starts_with("^(?!^[-+.]*$)") {
        r"^[+-]?\d*\.?\d*$"
    } else {
        pattern
    };
    Ok(Box::new(Pattern(regex::Regex::new(plain)?)))
}

//! Polar's API as bare facts: what the code generator, the sandbox and the command line read.
//!
//! `facts.json` is written by `cargo run -p xtask -- codegen` and never by hand; what we had to
//! decide ourselves stands in `overrides.toml`.

mod event;
mod operation;
pub mod sample;
mod shape;

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use serde::{Deserialize, Serialize};

pub use crate::{
    event::Event,
    operation::{
        Body, ErrorReply, Location, Method, Operation, Pagination, Parameter, ParameterStyle, Reply,
    },
    shape::{
        Additional, Field, IntegerRule, Kind, ListRule, MapRule, NumberRule, ObjectRule, Shape,
        StringRule, UnionRule,
    },
};

static EMBEDDED: LazyLock<Result<Facts, serde_json::Error>> =
    LazyLock::new(|| Facts::from_json(include_str!("../facts.json")));

/// The facts this build was made with, read on first use.
///
/// # Panics
/// When the embedded `facts.json` is damaged, which the crate's own tests rule out.
#[expect(
    clippy::panic,
    reason = "an embedded file that does not parse is a broken build; a test reads it"
)]
pub fn facts() -> &'static Facts {
    match &*EMBEDDED {
        Ok(facts) => facts,
        Err(error) => panic!("the embedded facts.json does not parse: {error}"),
    }
}

/// The operation of that id, such as `orders:list`.
pub fn operation(id: &str) -> Option<&'static Operation> {
    facts().operation(id)
}

/// The named shape, such as `OrderStatus`.
pub fn shape(name: &str) -> Option<&'static Shape> {
    facts().shape(name)
}

/// The webhook event of that type, such as `order.paid`.
pub fn event(kind: &str) -> Option<&'static Event> {
    facts().event(kind)
}

/// Everything known about one version of Polar's API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The version of the document the facts were read from.
    pub document_version: String,
    /// Every version the service answers to, oldest first.
    pub versions: Vec<String>,
    /// The version a request without a version header gets.
    pub default_version: String,
    /// All operations, in the document's order.
    pub operations: Vec<Operation>,
    /// All webhook events, in the document's order, newer ones of `overrides.toml` last.
    pub events: Vec<Event>,
    /// All named shapes.
    pub shapes: BTreeMap<String, Shape>,
    #[serde(skip)]
    position: HashMap<String, usize>,
}

impl Facts {
    /// Reads what the generator wrote.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let facts: Self = serde_json::from_str(text)?;
        Ok(facts.indexed())
    }

    /// Puts the parts together.
    pub fn new(versions: Versions, operations: Vec<Operation>, events: Vec<Event>) -> Self {
        let facts = Self {
            document_version: versions.document,
            versions: versions.served,
            default_version: versions.default,
            operations,
            events,
            shapes: BTreeMap::new(),
            position: HashMap::new(),
        };
        facts.indexed()
    }

    /// The operation of that id.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.get(*self.position.get(id)?)
    }

    /// The named shape.
    pub fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }

    /// The webhook event of that type.
    pub fn event(&self, kind: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.kind == kind)
    }

    /// Follows references until something else is met. Nullability met on the way is the
    /// caller's to keep: the reference may be nullable when its target is not.
    pub fn resolve<'a>(&'a self, shape: &'a Shape) -> Option<&'a Shape> {
        let mut shape = shape;
        while let Kind::Reference(name) = &shape.kind {
            shape = self.shape(name)?;
        }
        Some(shape)
    }

    /// Finds operations by their ids again, after some were added.
    #[must_use]
    pub fn indexed(mut self) -> Self {
        self.position = self
            .operations
            .iter()
            .enumerate()
            .map(|(index, operation)| (operation.id.clone(), index))
            .collect();
        self
    }
}

/// The versions of the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    /// The version of the document.
    pub document: String,
    /// Every version the service answers to.
    pub served: Vec<String>,
    /// The version of a request that names none.
    pub default: String,
}

//! Which operation a path means. Matching follows Starlette: the first route that fits path and method,
//! else 405 if some fit the path alone, else a redirect to the other slash variant.

use std::collections::{BTreeMap, HashMap};

use polarkit_spec::{Method, Operation};

use super::undocumented;
use crate::call::Handler;
use crate::operations;

/// Every operation of the facts, routed, by how many segments its path has.
#[derive(Debug)]
pub(crate) struct Routes(BTreeMap<usize, Vec<Route>>);

/// One operation and what answers it.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) operation: &'static Operation,
    /// Absent when the sandbox does not do this one yet.
    pub(crate) handler: Option<Handler>,
    segments: Vec<Segment>,
}

/// Where a path leads.
#[derive(Debug)]
pub(crate) enum Found<'r> {
    /// To an operation, with its path parameters.
    Operation(&'r Route, BTreeMap<String, String>),
    /// Only other methods lead somewhere: these.
    WrongMethod(Vec<Method>),
    /// The same path with or without its last slash does.
    Elsewhere,
    Nowhere,
}

#[derive(Debug)]
enum Segment {
    Fixed(&'static str),
    Parameter(&'static str),
}

impl Routes {
    pub(crate) fn new() -> Self {
        let handlers = operations::handlers();
        let mut routes: Vec<_> = polarkit_spec::facts()
            .operations
            .iter()
            .chain(undocumented::operations())
            .map(|operation| Route::new(operation, &handlers))
            .collect();
        // `/orders/export` before `/orders/{id}`; otherwise the document's order.
        routes.sort_by_key(Route::parameters);
        let mut by_length: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for route in routes {
            let length = route.segments.len();
            by_length.entry(length).or_default().push(route);
        }
        Self(by_length)
    }

    /// Follows a decoded path.
    pub(crate) fn find(&self, method: &http::Method, path: &str) -> Found<'_> {
        let mut others = Vec::new();
        for route in self.as_long_as(path) {
            let Some(parameters) = route.matches(path) else {
                continue;
            };
            if route.operation.method.as_str() == method.as_str() {
                return Found::Operation(route, parameters);
            }
            others.push(route.operation.method);
        }
        if !others.is_empty() {
            return Found::WrongMethod(others);
        }
        let elsewhere = path
            .strip_suffix('/')
            .map_or_else(|| format!("{path}/"), str::to_owned);
        let mut there = self.as_long_as(&elsewhere).iter();
        if there.any(|route| route.matches(&elsewhere).is_some()) {
            return Found::Elsewhere;
        }
        Found::Nowhere
    }

    fn as_long_as(&self, path: &str) -> &[Route] {
        let length = path.split('/').count();
        self.0.get(&length).map_or(&[], Vec::as_slice)
    }
}

impl Route {
    fn new(operation: &'static Operation, handlers: &HashMap<&'static str, Handler>) -> Self {
        let segments = operation.path.split('/').map(Segment::new).collect();
        Self {
            operation,
            handler: handlers.get(operation.id.as_str()).copied(),
            segments,
        }
    }

    fn parameters(&self) -> usize {
        let is_parameter = |segment: &&Segment| matches!(segment, Segment::Parameter(_));
        self.segments.iter().filter(is_parameter).count()
    }

    fn matches(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        let mut texts = path.split('/');
        for segment in &self.segments {
            let text = texts.next()?;
            match segment {
                Segment::Fixed(word) if *word == text => {}
                Segment::Parameter(name) if !text.is_empty() => {
                    parameters.insert((*name).to_owned(), text.to_owned());
                }
                Segment::Fixed(_) | Segment::Parameter(_) => return None,
            }
        }
        texts.next().is_none().then_some(parameters)
    }
}

impl Segment {
    fn new(text: &'static str) -> Self {
        text.strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
            .map_or(Self::Fixed(text), Self::Parameter)
    }
}

//! Which requests count, as what.

mod file;
mod place;

use std::collections::HashMap;
use std::sync::Arc;

use http::{Method, Request, StatusCode};
use matchit::{InsertError, Router};
use serde_json::{Map, Value};

pub use self::file::{RulesFault, RulesFaults};
pub(super) use self::place::object_key;
use self::place::{decoded, plain};

/// Which requests of a known customer count, and as what: without a file, each one that succeeds
/// is an `api_call`.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The rules of each pattern, in their order.
    paths: Router<Vec<Arc<Rule>>>,
    /// Those of everything else.
    rest: Vec<Arc<Rule>>,
}

/// One rule: which requests, and what they are.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// The pattern of its path; none for everything else.
    pub(crate) path: Option<String>,
    /// Every method but HEAD, OPTIONS and TRACE when empty.
    methods: Vec<Method>,
    /// Successes and redirections when empty.
    statuses: Vec<Statuses>,
    pub(crate) event: String,
    pub(crate) kind: Kind,
    /// Said of every use.
    pub(crate) metadata: Map<String, Value>,
}

/// What is used, and so what is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing: the request is not counted.
    Nothing,
    /// A call of an API, so many tokens' worth.
    Request { tokens: u64 },
    /// Storage: bytes.
    Storage { of: Side },
    /// Bytes that go by.
    Stream { of: Side },
    /// An object stored or read: bytes, and what it is.
    S3 { of: Side },
    /// Time: from the request's head to the answer's end.
    DeltaTime,
    /// A language model's tokens.
    Llm(Llm),
}

/// How a language model's answer is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Llm {
    /// Who runs it, where that is not what the answer looks like.
    pub(crate) vendor: Option<String>,
    /// Streams are asked to tell their usage.
    pub(crate) include_usage: bool,
    /// A stream whose reader left is read to its end, where its usage stands.
    pub(crate) read_on: bool,
}

/// Whose bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Those of the request's body.
    Request,
    /// Those of the answer's.
    Answer,
}

/// Statuses, from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statuses(u16, u16);

impl Default for Rules {
    fn default() -> Self {
        let every = Rule {
            path: None,
            methods: Vec::new(),
            statuses: Vec::new(),
            event: "api_call".to_owned(),
            kind: Kind::Request { tokens: 1 },
            metadata: Map::new(),
        };
        Self {
            paths: Router::new(),
            rest: vec![Arc::new(every)],
        }
    }
}

impl Rules {
    /// Reads a file of rules, in TOML.
    pub fn parse(text: &str) -> Result<Self, RulesFaults> {
        file::read(text)
    }

    /// The rule of a request, where it has one that counts.
    pub(crate) fn rule_of<B>(&self, request: &Request<B>) -> Option<Arc<Rule>> {
        let path = plain(request.uri().path());
        // A slash may be written as %2F, and apps differ in whether it still is one.
        let further = path.contains("%2f").then(|| plain(&decoded(&path)));
        let places = [Some(path), further].into_iter().flatten();
        let found = places.filter_map(|path| Some(self.paths.at(&path).ok()?.value));
        let rules = found.flatten().chain(&self.rest);
        let rule = rules
            .into_iter()
            .find(|rule| rule.takes(request.method()))?;
        (rule.kind != Kind::Nothing).then(|| Arc::clone(rule))
    }
}

impl Rule {
    fn takes(&self, method: &Method) -> bool {
        if self.methods.is_empty() {
            return ![Method::HEAD, Method::OPTIONS, Method::TRACE].contains(method);
        }
        self.methods.contains(method)
    }

    /// Whether an answer of this status is a success.
    pub(crate) fn counts(&self, status: StatusCode) -> bool {
        if self.statuses.is_empty() {
            return status.is_success() || status.is_redirection();
        }
        let status = status.as_u16();
        let mut statuses = self.statuses.iter();
        statuses.any(|Statuses(from, to)| (*from..=*to).contains(&status))
    }
}

/// Rules by their patterns; refused are two patterns that no path can tell apart.
fn by_path(rules: Vec<Rule>) -> Result<Rules, (String, InsertError)> {
    let mut patterns: Vec<String> = Vec::new();
    let mut grouped: HashMap<String, Vec<Arc<Rule>>> = HashMap::new();
    let mut rest = Vec::new();
    for rule in rules {
        let Some(path) = rule.path.as_deref().map(place::pattern) else {
            rest.push(Arc::new(rule));
            continue;
        };
        if !grouped.contains_key(&path) {
            patterns.push(path.clone());
        }
        grouped.entry(path).or_default().push(Arc::new(rule));
    }
    let mut paths = Router::new();
    for pattern in patterns {
        let rules = grouped.remove(&pattern).unwrap_or_default();
        let added = paths.insert(pattern.clone(), rules);
        added.map_err(|error| (pattern, error))?;
    }
    Ok(Rules { paths, rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(rules: &Rules, method: &str, path: &str) -> Option<String> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(())
            .unwrap();
        rules.rule_of(&request).map(|rule| rule.event.clone())
    }

    #[test]
    fn the_nearest_rule_of_the_method_decides() {
        let rules = Rules::parse(
            r#"
            [[rule]]
            path = "/v1/Chat/{id}"
            methods = ["post"]
            event = "chat"
            [[rule]]
            path = "/v1/Chat/{id}"
            methods = ["GET"]
            event = "look"
            [[rule]]
            path = "/files/{*path}"
            event = "file"
            [[rule]]
            path = "/health"
            kind = "nothing"
            [[rule]]
            path = "*"
            "#,
        )
        .unwrap();
        for (method, path, expected) in [
            ("POST", "/v1/Chat/7", Some("chat")),
            ("GET", "/v1/Chat/7?x=/health", Some("look")),
            ("PUT", "/v1/Chat/7", Some("api_call")),
            ("GET", "/files/a/b/c", Some("file")),
            ("GET", "/files/a%2Fb", Some("file")),
            ("GET", "/health", None),
            ("GET", "/", Some("api_call")),
            ("HEAD", "/files/a", None),
            ("OPTIONS", "/", None),
            // However an app may read these, nobody reads for nothing by writing them oddly.
            ("POST", "/v1/chat/7", Some("chat")),
            ("POST", "/v1/Chat/7/", Some("chat")),
            ("POST", "//v1/./Chat//7", Some("chat")),
            ("POST", "/v1/%43hat/7", Some("chat")),
            ("POST", "/v1%2FChat%2F7", Some("chat")),
            ("POST", "/health/../v1/Chat/7", Some("chat")),
            ("POST", "/health/..%2Fv1/Chat/7", Some("chat")),
        ] {
            assert_eq!(
                event(&rules, method, path).as_deref(),
                expected,
                "{method} {path}"
            );
        }
    }

    #[test]
    fn without_a_file_everything_counts_that_is_answered_well() {
        let rules = Rules::default();
        assert_eq!(event(&rules, "DELETE", "/x").as_deref(), Some("api_call"));
        let rule = rules.rule_of(&Request::new(())).unwrap();
        for (status, counts) in [
            (101, false),
            (200, true),
            (304, true),
            (404, false),
            (500, false),
        ] {
            assert_eq!(rule.counts(StatusCode::from_u16(status).unwrap()), counts);
        }
    }
}

//! A file of rules: read strictly, each fault with its line and what to write instead.

use std::fmt;

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use super::{Kind, Llm, Rule, Rules, Side, Statuses, by_path};

/// With what is measured and reported beside, Polar takes 50.
const KEYS_MAX: usize = 20;
/// Polar's own limits.
const NAME_CHARS_MAX: usize = 128;
const KEY_CHARS_MAX: usize = 40;
const TEXT_CHARS_MAX: usize = 500;
/// More is a mistake.
const RULES_MAX: usize = 1_000;

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RulesFault {
    /// In which line it stands, from 1.
    pub line: usize,
    /// What is wrong, and what to write instead.
    pub problem: String,
}

/// Everything that is wrong with a file of rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RulesFaults(pub Vec<RulesFault>);

impl fmt::Display for RulesFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(f, "{separator}line {}: {}", fault.line, fault.problem)?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Spanned<Line>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    path: Spanned<String>,
    #[serde(default)]
    methods: Vec<Spanned<String>>,
    #[serde(default)]
    statuses: Vec<Spanned<Status>>,
    event: Option<Spanned<String>>,
    kind: Option<Named>,
    tokens: Option<Spanned<u64>>,
    bytes: Option<Spanned<Which>>,
    vendor: Option<Spanned<String>>,
    include_usage: Option<Spanned<bool>>,
    read_on: Option<Spanned<bool>>,
    #[serde(default)]
    metadata: toml::map::Map<String, toml::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Status {
    One(u16),
    Class(String),
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Named {
    Request,
    Storage,
    Stream,
    S3,
    DeltaTime,
    Llm,
    Nothing,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Which {
    Request,
    Response,
}

/// Reads the rules; everything that is wrong is found at once.
pub(super) fn read(text: &str) -> Result<Rules, RulesFaults> {
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        RulesFaults(vec![
            Reader::new(text).fault(at, error.message().to_owned()),
        ])
    })?;
    let mut reader = Reader::new(text);
    if file.rule.len() > RULES_MAX {
        reader.note(
            0,
            format!("there are more than {RULES_MAX} rules: join some by a pattern"),
        );
    }
    let lines: Vec<(usize, Line)> = file
        .rule
        .into_iter()
        .map(|line| (line.span().start, line.into_inner()))
        .collect();
    let rules: Vec<Rule> = lines
        .into_iter()
        .map(|(at, line)| reader.rule(at, line))
        .collect();
    if !reader.faults.is_empty() {
        return Err(RulesFaults(reader.faults));
    }
    by_path(rules).map_err(|(pattern, error)| {
        let at = text
            .to_ascii_lowercase()
            .find(&pattern.to_ascii_lowercase())
            .unwrap_or_default();
        let problem =
            format!("path: {error}; patterns are like /users/{{id}} and /files/{{*path}}");
        RulesFaults(vec![reader.fault(at, problem)])
    })
}

/// Collects faults while reading.
struct Reader<'a> {
    text: &'a str,
    faults: Vec<RulesFault>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            faults: Vec::new(),
        }
    }

    fn fault(&self, at: usize, problem: String) -> RulesFault {
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        RulesFault { line, problem }
    }

    fn note(&mut self, at: usize, problem: impl Into<String>) {
        let fault = self.fault(at, problem.into());
        self.faults.push(fault);
    }

    fn rule(&mut self, at: usize, line: Line) -> Rule {
        let named = line.kind.unwrap_or(Named::Request);
        self.check_fit(named, &line);
        Rule {
            path: self.path(&line.path),
            methods: line
                .methods
                .iter()
                .filter_map(|method| self.method(method))
                .collect(),
            statuses: line
                .statuses
                .iter()
                .filter_map(|status| self.status(status))
                .collect(),
            event: self.event(at, named, line.event.as_ref()),
            kind: kind(named, &line),
            metadata: self.metadata(at, line.metadata),
        }
    }

    /// Nothing is said that would mean nothing.
    fn check_fit(&mut self, named: Named, line: &Line) {
        use Named::{Llm, Request, S3, Storage, Stream};
        let of_llm = [
            ("vendor", line.vendor.as_ref().map(Spanned::span)),
            (
                "include_usage",
                line.include_usage.as_ref().map(Spanned::span),
            ),
            ("read_on", line.read_on.as_ref().map(Spanned::span)),
        ];
        let of_bytes = line.bytes.as_ref().map(Spanned::span);
        let of_request = line.tokens.as_ref().map(Spanned::span);
        let fields = of_llm.map(|(field, span)| (field, span, named == Llm, "kind = \"llm\""));
        let bytes = matches!(named, Storage | Stream | S3);
        let further = [
            (
                "bytes",
                of_bytes,
                bytes,
                "kind = \"storage\", \"stream\" or \"s3\"",
            ),
            ("tokens", of_request, named == Request, "kind = \"request\""),
        ];
        for (field, span, fits, kinds) in fields.into_iter().chain(further) {
            if let Some(span) = span
                && !fits
            {
                self.note(span.start, format!("{field}: is for {kinds}; leave it out"));
            }
        }
    }

    fn path(&mut self, path: &Spanned<String>) -> Option<String> {
        let text = path.get_ref();
        if text == "*" {
            return None;
        }
        if !text.starts_with('/') {
            let problem =
                "path: begins with a slash, or is \"*\" for everything no other rule names";
            self.note(path.span().start, problem);
        }
        Some(text.clone())
    }

    fn method(&mut self, method: &Spanned<String>) -> Option<Method> {
        let read = method.get_ref().to_ascii_uppercase().parse();
        if read.is_err() {
            self.note(method.span().start, "methods: write them like \"GET\"");
        }
        read.ok()
    }

    fn status(&mut self, status: &Spanned<Status>) -> Option<Statuses> {
        let read = match status.get_ref() {
            Status::One(one) => (100..=599).contains(one).then_some(Statuses(*one, *one)),
            Status::Class(class) => match class.strip_suffix("xx").map(str::parse::<u16>) {
                Some(Ok(hundreds @ 1..=5)) => Some(Statuses(hundreds * 100, hundreds * 100 + 99)),
                _ => None,
            },
        };
        if read.is_none() {
            self.note(
                status.span().start,
                "statuses: write them like 201 or \"2xx\"",
            );
        }
        read
    }

    fn event(&mut self, at: usize, named: Named, event: Option<&Spanned<String>>) -> String {
        let at = event.map_or(at, |event| event.span().start);
        let name = match (event, named) {
            (Some(event), _) => event.get_ref().as_str(),
            (None, Named::Request | Named::Nothing) => "api_call",
            (None, Named::Storage) => "storage_usage",
            (None, _) => "",
        };
        if !(1..=NAME_CHARS_MAX).contains(&name.trim().chars().count()) {
            let problem = format!(
                "event: needs the name your meter filters by, 1 to {NAME_CHARS_MAX} characters"
            );
            self.note(at, problem);
        }
        name.to_owned()
    }

    fn metadata(
        &mut self,
        at: usize,
        table: toml::map::Map<String, toml::Value>,
    ) -> Map<String, Value> {
        if table.len() > KEYS_MAX {
            self.note(at, format!("metadata: has more than {KEYS_MAX} keys"));
        }
        let mut metadata = Map::new();
        for (key, value) in table {
            let value = match value {
                toml::Value::String(text) if fits(&text, TEXT_CHARS_MAX) => Value::from(text),
                toml::Value::Integer(number) => number.into(),
                toml::Value::Float(number) if number.is_finite() => number.into(),
                toml::Value::Boolean(yes) => yes.into(),
                _ => Value::Null,
            };
            if value.is_null() || !fits(&key, KEY_CHARS_MAX) {
                self.note(at, format!("metadata.{key}: Polar takes texts of 1 to {TEXT_CHARS_MAX} characters, numbers and booleans, under keys of 1 to {KEY_CHARS_MAX}"));
            }
            metadata.insert(key, value);
        }
        metadata
    }
}

fn fits(text: &str, chars_max: usize) -> bool {
    (1..=chars_max).contains(&text.chars().count())
}

/// A kind, with what it is unless told otherwise.
fn kind(named: Named, line: &Line) -> Kind {
    let side = |unless_told: Side| match line.bytes.as_ref().map(Spanned::get_ref) {
        Some(Which::Request) => Side::Request,
        Some(Which::Response) => Side::Answer,
        None => unless_told,
    };
    let yes = |field: &Option<Spanned<bool>>| field.as_ref().map(|yes| *yes.get_ref());
    match named {
        Named::Nothing => Kind::Nothing,
        Named::Request => Kind::Request {
            tokens: line.tokens.as_ref().map_or(1, |tokens| *tokens.get_ref()),
        },
        Named::Storage => Kind::Storage {
            of: side(Side::Request),
        },
        Named::Stream => Kind::Stream {
            of: side(Side::Answer),
        },
        Named::S3 => Kind::S3 {
            of: side(Side::Request),
        },
        Named::DeltaTime => Kind::DeltaTime,
        Named::Llm => Kind::Llm(Llm {
            vendor: line.vendor.as_ref().map(|vendor| vendor.get_ref().clone()),
            include_usage: yes(&line.include_usage).unwrap_or(false),
            read_on: yes(&line.read_on).unwrap_or(true),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_with_its_line_and_what_to_write() {
        let long = "x".repeat(129);
        let cases = [
            (
                "[[rule]]\npath = \"v1\"",
                "line 2: path: begins with a slash",
            ),
            (
                "[[rule]]\nmethods = [\"GET\"]",
                "line 1: missing field `path`",
            ),
            (
                "[[rule]]\npath = \"/\"\nmethod = \"GET\"",
                "line 3: unknown field `method`, expected one of",
            ),
            (
                "[[rule]]\npath = \"/\"\nmethods = [\"G T\"]",
                "line 3: methods: write them like",
            ),
            (
                "[[rule]]\npath = \"/\"\nstatuses = [\"2yy\"]",
                "line 3: statuses: write them like",
            ),
            (
                "[[rule]]\npath = \"/\"\nstatuses = [99]",
                "line 3: statuses: write them like",
            ),
            (
                "[[rule]]\npath = \"/\"\n\nkind = \"llm\"",
                "line 1: event: needs the name",
            ),
            (
                "[[rule]]\npath = \"/\"\nkind = \"lm\"",
                "line 3: unknown variant `lm`, expected one of",
            ),
            (
                &format!("[[rule]]\npath = \"/\"\nevent = \"{long}\""),
                "line 3: event: needs the name",
            ),
            (
                "[[rule]]\npath = \"/\"\nvendor = \"x\"",
                "line 3: vendor: is for kind = \"llm\"",
            ),
            (
                "[[rule]]\npath = \"/\"\nkind = \"storage\"\ntokens = 2",
                "line 4: tokens: is for",
            ),
            (
                "[[rule]]\npath = \"/\"\nmetadata = { a = [1] }",
                "line 1: metadata.a: Polar takes",
            ),
            (
                "[[rule]]\npath = \"/a/{x}\"\n[[rule]]\npath = \"/a/{y}\"",
                "line 4: path: ",
            ),
            ("[[rule]]\npath = \"/a/{x\"", "line 2: path: "),
            (
                "rules = 1",
                "line 1: unknown field `rules`, expected `rule`",
            ),
            ("[[rule]\n", "line 1: "),
        ];
        for (text, expected) in cases {
            let told = Rules::parse(text).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{text}\n{told}");
        }
        let two = "[[rule]]\npath = \"v1\"\n[[rule]]\npath = \"v2\"";
        assert_eq!(Rules::parse(two).unwrap_err().0.len(), 2);
    }
}

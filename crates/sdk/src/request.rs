//! A request before it is sent.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::Method;
use polarkit_model::{EventCreate, EventsIngest, FreeForm, LicenseKeyValidate, Secret};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::{retry::Retry, version::Version};

/// A request as data.
#[derive(Clone)]
pub struct Request {
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) entries: Vec<(String, String)>,
    pub(crate) body: Option<Body>,
    pub(crate) overrides: Overrides,
    pub(crate) repeatable: bool,
    /// Whether it is asked without the client's token.
    pub(crate) open: bool,
    /// The whole address, where another host than the client's server may be meant. Nothing of
    /// the client goes there.
    pub(crate) elsewhere: Option<Url>,
    /// Why it can't be sent; told when it is.
    pub(crate) fault: Option<Fault>,
}

/// Path, query and body may hold secrets: none is printed.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// What this one call does differently from its client.
#[derive(Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) version: Option<Version>,
    pub(crate) token: Option<Secret>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<Retry>,
}

#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Bytes,
}

/// An argument that can't be sent.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) argument: &'static str,
    pub(crate) problem: String,
}

impl Request {
    /// A request without parameters. Reads may be repeated, anything else not.
    pub(crate) fn new(operation: &'static str, method: Method, path: &str) -> Self {
        Self {
            operation,
            repeatable: method.is_safe(),
            method,
            path: path.to_owned(),
            query: Vec::new(),
            entries: Vec::new(),
            body: None,
            overrides: Overrides::default(),
            open: false,
            elsewhere: None,
            fault: None,
        }
    }

    /// A request to a path nobody has checked.
    pub(crate) fn raw(path: &str) -> Self {
        let mut request = Self::new("raw", Method::GET, path);
        if !path.starts_with('/') {
            // Behind the server's name it would make another name: `@elsewhere.example`.
            request.fault = Some(Fault {
                argument: "path",
                problem: "does not begin with a slash".to_owned(),
            });
        }
        request
    }

    /// A read of an address that proves itself. It may hold a signature: what is wrong with it is
    /// told without it.
    pub(crate) fn download(url: &str) -> Self {
        let mut request = Self::new("download", Method::GET, "").open();
        let parsed = Url::parse(url).ok();
        request.elsewhere = parsed.filter(|url| matches!(url.scheme(), "http" | "https"));
        if request.elsewhere.is_none() {
            request.fault = Some(Fault {
                argument: "url",
                problem: "is no http(s) address".to_owned(),
            });
        }
        request
    }

    /// Says that it is open to everybody. The client's token stays at home: it proves nothing
    /// there, and one that is no longer good would spoil it.
    pub(crate) fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Puts a value where `{name}` stands in the path.
    pub(crate) fn path(mut self, name: &'static str, value: &impl ToString) -> Self {
        let value = value.to_string();
        if matches!(value.as_str(), "" | "." | "..") {
            // URLs give these a meaning of their own, escaped or not: another operation's path.
            let problem = format!("`{value}` cannot stand in a path");
            self.fault.get_or_insert(Fault {
                argument: name,
                problem,
            });
            return self;
        }
        self.path = self.path.replace(&format!("{{{name}}}"), &escape(&value));
        self
    }

    /// Adds a value to the query; a name may come again.
    pub(crate) fn query(&mut self, name: &'static str, value: &impl ToString) {
        self.query.push((name, value.to_string()));
    }

    /// Sets a value of the query that stands once.
    pub(crate) fn query_once(&mut self, name: &'static str, value: &impl ToString) {
        self.query.retain(|(known, _)| *known != name);
        self.query(name, value);
    }

    /// The value of the query under that name.
    pub(crate) fn query_value(&self, name: &str) -> Option<&str> {
        let mut named = self.query.iter().filter(|(known, _)| *known == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// Adds an entry `name[key]=value` to the query.
    pub(crate) fn entry(&mut self, name: &'static str, key: &str, value: &Value) {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        self.entries.push((format!("{name}[{key}]"), text));
    }

    /// Gives it a JSON body.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => return self.bytes("application/json", bytes.into()),
            Err(error) => {
                let problem = error.to_string();
                self.fault.get_or_insert(Fault {
                    argument: "body",
                    problem,
                });
            }
        }
        self
    }

    /// Gives it a body as it is.
    pub(crate) fn bytes(mut self, content_type: &'static str, bytes: Bytes) -> Self {
        self.body = Some(Body {
            content_type,
            bytes,
        });
        self
    }

    /// Gives it a form body, made of the top fields of the JSON it would have been.
    pub(crate) fn form(self, body: &impl Serialize) -> Self {
        let mut request = self.json(body);
        let Some(Body { bytes, .. }) = request.body.take() else {
            return request;
        };
        let fields: FreeForm = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &fields {
            match value {
                Value::Null => continue,
                Value::String(text) => form.append_pair(name, text),
                other => form.append_pair(name, &other.to_string()),
            };
        }
        request.bytes("application/x-www-form-urlencoded", form.finish().into())
    }

    /// Gives it events. Polar drops those it has seen, by their external ids, so that a batch in
    /// which all have one may be sent again.
    pub(crate) fn json_events(mut self, body: &EventsIngest) -> Self {
        self.repeatable = body.events.iter().all(|event| match event {
            EventCreate::Customer(event) => event.external_id.is_some(),
            EventCreate::ExternalCustomer(event) => event.external_id.is_some(),
            _ => false,
        });
        self.json(body)
    }

    /// Gives it a licence key to look at, which may be done again unless each look counts.
    pub(crate) fn json_validation(mut self, body: &LicenseKeyValidate) -> Self {
        self.repeatable = body.increment_usage.is_none();
        self.json(body)
    }

    /// Path and query.
    pub(crate) fn target(&self) -> String {
        if self.query.is_empty() && self.entries.is_empty() {
            return self.path.clone();
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query).extend_pairs(&self.entries);
        format!("{}?{}", self.path, query.finish())
    }

    /// The operation's id.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The HTTP method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path and query as sent.
    pub fn path_and_query(&self) -> String {
        self.target()
    }

    /// The body as sent.
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref().map(|body| &body.bytes)
    }
}

/// Everything but letters, digits, `-`, `.`, `_` and `~` is escaped.
fn escape(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let hex = |nibble: u8| {
        HEX.get(usize::from(nibble))
            .copied()
            .map_or('0', char::from)
    };
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.extend(['%', hex(byte >> 4), hex(byte & 15)]),
        }
    }
    escaped
}

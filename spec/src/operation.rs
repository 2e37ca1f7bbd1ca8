//! Operations: everything a client may ask, and how it is answered.

use serde::{Deserialize, Serialize};

use crate::Shape;

/// One operation of the API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Its permanent id, such as `orders:list`.
    pub id: String,
    /// The HTTP method.
    pub method: Method,
    /// The path with `{name}` where a path parameter goes, exactly as served.
    pub path: String,
    /// The area of the API it belongs to.
    pub tag: String,
    /// The group official SDKs put it in, dots between the levels.
    pub group: String,
    /// Its method name in official SDKs.
    pub name: String,
    /// Where Polar's API reference describes it, below the version's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Authentication schemes, any of which will do; empty when none is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auth: Vec<String>,
    /// Scopes, any one of which is enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Who may be behind the token: `Organization`, `User`, `Customer`, `Member`, `Anonymous`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Path and query parameters, in the document's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// The request body, when it takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// The answer of success.
    pub success: Reply,
    /// The status, without a body, that says: asked for, not ready yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u16>,
    /// The documented answers of failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorReply>,
    /// How the answer is cut into pages, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagination: Option<Pagination>,
    /// The first version of the API that has it, unless all known ones before have it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The last version of the API that has it, unless it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Operation {
    /// The parameters that stand in the path.
    pub fn path_parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters_in(Location::Path)
    }

    /// The parameters that stand in the query.
    pub fn query_parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters_in(Location::Query)
    }

    fn parameters_in(&self, location: Location) -> impl Iterator<Item = &Parameter> {
        self.parameters
            .iter()
            .filter(move |parameter| parameter.location == location)
    }
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or acts.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// The method as it stands in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One parameter of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name on the wire.
    pub name: String,
    /// Where it stands.
    #[serde(rename = "in")]
    pub location: Location,
    /// Whether a request without it is refused.
    pub required: bool,
    /// How a value that is not a word is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<ParameterStyle>,
    /// What it may be.
    pub shape: Shape,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// In the path.
    Path,
    /// In the query; a list repeats its key.
    Query,
}

/// How a parameter is written when the usual way is not meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterStyle {
    /// `name[key]=value`, a key per entry.
    DeepObject,
}

/// A request body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Its media type.
    pub content_type: String,
    /// Whether a request without it is refused.
    pub required: bool,
    /// What it may be.
    pub shape: Shape,
}

/// An answer of success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The media type; absent when the answer has no body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// What the body is; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
}

/// A documented answer of failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReply {
    /// The HTTP status.
    pub status: u16,
    /// The named shapes its body may have; empty when the document names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shapes: Vec<String>,
}

/// How a list is cut into pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pagination {
    /// `page` and `limit`, with the totals beside the items. Holds what an item is.
    PageLimit(Shape),
}

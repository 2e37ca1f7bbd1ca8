//! OpenAPI document → facts: operations and events. Shapes are `shape.rs`.

use anyhow::{Context, Result, bail, ensure};
use heck::ToKebabCase as _;
use polarkit_spec::{
    Body, ErrorReply, Event, Facts, Kind, Location, Method, Operation, Pagination, Parameter,
    ParameterStyle, Reply, Shape, Versions,
};

use super::{openapi, shape};

/// Everything the document says.
pub(super) fn gather(document: openapi::Document) -> Result<Facts> {
    let mut operations = Vec::new();
    for (path, methods) in document.paths.0 {
        for (method, operation) in methods.0 {
            let id = operation.id.clone();
            operations.push(
                gather_operation(&path, &method, operation)
                    .with_context(|| format!("operation {id}"))?,
            );
        }
    }
    let versions = Versions {
        document: document.info.version,
        ..Versions::default()
    };
    let mut facts = Facts::new(versions, operations, Vec::new());
    for (name, schema) in document.components.schemas.0 {
        let shape = shape::named(&name, schema).with_context(|| format!("shape {name}"))?;
        facts.shapes.insert(name, shape);
    }
    for (kind, methods) in document.webhooks.0 {
        let event =
            gather_event(&facts, &kind, methods).with_context(|| format!("event {kind}"))?;
        facts.events.push(event);
    }
    Ok(facts)
}

fn gather_operation(path: &str, method: &str, from: openapi::Operation) -> Result<Operation> {
    let page = page(&from);
    let (auth, scopes) = gather_security(&from.security)?;
    let parameters = from
        .parameters
        .into_iter()
        .map(gather_parameter)
        .collect::<Result<_>>()?;
    let replies = gather_replies(from.responses)?;
    Ok(Operation {
        method: gather_method(method)?,
        path: path.to_owned(),
        tag: gather_tag(&from.tags)?,
        page,
        group: from.group,
        name: from.name,
        auth,
        scopes,
        subjects: from.subjects,
        parameters,
        body: from.request_body.map(gather_body).transpose()?,
        success: replies.success,
        pending: replies.pending,
        errors: replies.errors,
        pagination: from.pagination.map(gather_pagination).transpose()?,
        since: None,
        until: None,
        id: from.id,
    })
}

fn gather_method(method: &str) -> Result<Method> {
    Ok(match method {
        "get" => Method::Get,
        "post" => Method::Post,
        "put" => Method::Put,
        "patch" => Method::Patch,
        "delete" => Method::Delete,
        other => bail!("method {other} is new"),
    })
}

/// `public` and `private` say who may see an operation, not where it belongs.
fn gather_tag(tags: &[String]) -> Result<String> {
    let mut areas = tags
        .iter()
        .filter(|tag| !matches!(tag.as_str(), "public" | "private"));
    areas
        .next()
        .cloned()
        .context("no tag says where it belongs")
}

/// The reference's pages lie in folders named after the first tag, each under its title.
fn page(from: &openapi::Operation) -> Option<String> {
    let folder = from.tags.first()?;
    let title = from.summary.to_kebab_case();
    (!title.is_empty()).then(|| format!("{folder}/{title}"))
}

fn gather_security(
    security: &[openapi::Ordered<Vec<String>>],
) -> Result<(Vec<String>, Vec<String>)> {
    let mut schemes = Vec::new();
    let mut scopes: Vec<String> = Vec::new();
    for openapi::Ordered(requirement) in security {
        for (scheme, scheme_scopes) in requirement {
            schemes.push(scheme.clone());
            ensure!(
                scopes.is_empty() || &scopes == scheme_scopes,
                "schemes ask for different scopes"
            );
            scopes.clone_from(scheme_scopes);
        }
    }
    Ok((schemes, scopes))
}

fn gather_parameter(from: openapi::Parameter) -> Result<Parameter> {
    let location = match from.location.as_str() {
        "path" => Location::Path,
        "query" => Location::Query,
        other => bail!("parameters in {other} are new"),
    };
    let style = match from.style.as_deref() {
        None => None,
        Some("deepObject") => Some(ParameterStyle::DeepObject),
        Some(other) => bail!("parameter style {other} is new"),
    };
    let shape = shape::inline(&from.name, from.schema)?;
    Ok(Parameter {
        name: from.name,
        location,
        required: from.required,
        style,
        shape,
    })
}

fn gather_body(from: openapi::RequestBody) -> Result<Body> {
    let (content_type, media) = single(from.content)?.context("a body without content")?;
    let shape = shape::inline("", media.schema)?;
    Ok(Body {
        content_type,
        required: from.required,
        shape,
    })
}

struct Replies {
    success: Reply,
    pending: Option<u16>,
    errors: Vec<ErrorReply>,
}

fn gather_replies(responses: openapi::Ordered<openapi::Response>) -> Result<Replies> {
    let (mut success, mut pending, mut errors) = (None, None, Vec::new());
    for (status, response) in responses.0 {
        let status: u16 = status.parse().context("a status that is not a number")?;
        let content = single(response.content)?;
        match (status, &success) {
            (200..300, None) => success = Some(gather_success(status, content)?),
            (202, Some(_)) if content.is_none() && pending.is_none() => pending = Some(status),
            (200..300, Some(_)) => bail!("two answers of success"),
            _ => {
                let shapes = content
                    .map(|(_, media)| shape_names(media.schema))
                    .transpose()?;
                errors.push(ErrorReply {
                    status,
                    shapes: shapes.unwrap_or_default(),
                });
            }
        }
    }
    Ok(Replies {
        success: success.context("no answer of success")?,
        pending,
        errors,
    })
}

fn gather_success(status: u16, content: Option<(String, openapi::Media)>) -> Result<Reply> {
    let Some((content_type, media)) = content else {
        return Ok(Reply {
            status,
            content_type: None,
            shape: None,
        });
    };
    let shape = shape::inline("", media.schema)?;
    Ok(Reply {
        status,
        content_type: Some(content_type),
        shape: Some(shape),
    })
}

fn gather_pagination(from: openapi::Pagination) -> Result<Pagination> {
    ensure!(from.kind == "page_limit", "pagination {} is new", from.kind);
    Ok(Pagination::PageLimit(shape::inline("", from.item_schema)?))
}

/// An error's body is one named shape or a choice of them.
fn shape_names(schema: openapi::Schema) -> Result<Vec<String>> {
    match shape::inline("", schema)?.kind {
        Kind::Reference(name) => Ok(vec![name]),
        Kind::Union(union) => union.branches.into_iter().map(shape_name).collect(),
        other => bail!("an error of kind {other:?}"),
    }
}

fn shape_name(shape: Shape) -> Result<String> {
    match shape.kind {
        Kind::Reference(name) => Ok(name),
        other => bail!("an error of kind {other:?}"),
    }
}

fn single(content: openapi::Ordered<openapi::Media>) -> Result<Option<(String, openapi::Media)>> {
    ensure!(content.0.len() <= 1, "several media types");
    Ok(content.0.into_iter().next())
}

fn gather_event(
    facts: &Facts,
    kind: &str,
    methods: openapi::Ordered<openapi::Operation>,
) -> Result<Event> {
    let (_, operation) = methods.0.into_iter().next().context("no method")?;
    let body = gather_body(operation.request_body.context("no payload")?)?;
    let payload = shape_name(body.shape)?;
    let Some(Kind::Object(object)) = facts.shape(&payload).map(|shape| &shape.kind) else {
        bail!("the payload {payload} is not an object");
    };
    let data = object.field("data").context("the payload has no data")?;
    Ok(Event {
        kind: kind.to_owned(),
        data: shape_name(data.shape.clone())?,
        payload: Some(payload),
        since: None,
        until: None,
    })
}

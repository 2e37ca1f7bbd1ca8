//! What is written above an operation: what it does, who may ask, what it answers, where to read on.

use anyhow::{Context, Result};
use polarkit_spec::{ErrorReply, Method, Operation, Parameter, Shape};

use super::super::{doc, names::field_name, plan::Plan};

/// The paragraphs about an operation.
pub(super) fn operation(plan: &Plan<'_>, operation: &Operation) -> Result<String> {
    let sentence = sentence(plan, operation).context(
        "overrides.toml: say under [sentences] what it does; its name alone doesn't tell",
    )?;
    let route = format!("`{} {}`", operation.method.as_str(), operation.path);
    let facts = format!(
        "{route}, {}. {} {}",
        who(operation),
        answers(operation),
        repeats(operation, plan.types.overrides.sends.get(&operation.id))
    );
    let mut text = format!("{sentence}\n\n{facts}");
    if let Some(reference) = doc::reference(plan.types.facts, &operation.id) {
        text.extend(["\n\n", &reference]);
    }
    Ok(text)
}

/// The text as lines of a doc comment.
pub(super) fn lines(text: &str) -> String {
    let line = |line: &str| format!("/// {line}").trim_end().to_owned() + "\n";
    text.lines().map(line).collect()
}

/// One line about a query parameter.
pub(super) fn parameter(parameter: &Parameter, one: &Shape) -> String {
    let mut text = doc::shape(&parameter.name, one);
    let default = parameter.shape.default.as_ref();
    match default.filter(|default| !default.is_null()) {
        Some(serde_json::Value::Array(words)) => {
            let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            text.push_str(&format!(" Default: {}.", words.join(", ").replace('"', "")));
        }
        Some(default) => text.push_str(&format!(" Default: `{default}`.")),
        None => {}
    }
    text
}

/// What it does, in our words; the everyday ones follow from their names.
fn sentence(plan: &Plan<'_>, operation: &Operation) -> Option<String> {
    if let Some(written) = plan.types.overrides.sentences.get(&operation.id) {
        return Some(written.clone());
    }
    let group = field_name(operation.group.rsplit('.').next()?).replace('_', " ");
    let plural = group.replace("license", "licence");
    let one = plural.strip_suffix('s').unwrap_or(&plural);
    let a = if one.starts_with(['a', 'e', 'i', 'o']) && !one.starts_with("one") {
        "an"
    } else {
        "a"
    };
    let name = operation.name.as_str();
    let (verb, by) = match name.strip_suffix("_external") {
        Some(verb) => (verb, ", found by your own id for it"),
        None => (name, ""),
    };
    Some(match verb {
        "list" if operation.pagination.is_some() => format!("Lists {plural}, a page at a time."),
        "list" => format!("Lists {plural}."),
        "get" => format!("Reads {a} {one}{by}."),
        "create" => format!("Creates {a} {one}."),
        "update" => format!("Changes {a} {one}{by}; what is not given stays as it is."),
        "delete" => format!("Removes {a} {one}{by}."),
        "export" => format!("Exports {plural} as CSV."),
        _ => return None,
    })
}

/// Whose token it takes, and what that token must be good for.
fn who(operation: &Operation) -> String {
    let takes = |scheme| operation.auth.iter().any(|auth| auth == scheme);
    let token = match (takes("customer_session"), takes("member_session")) {
        _ if operation.auth.is_empty() => return "open to everybody".to_owned(),
        (true, _) => "with the token of a customer or member session",
        (false, true) => "with the token of a member session",
        _ if takes("oat") => "with an organization's or a user's token",
        _ if takes("pat") => "with a user's token",
        _ => "with a token of OAuth 2",
    };
    let anonymous = operation
        .subjects
        .iter()
        .any(|subject| subject == "Anonymous");
    let or_none = if anonymous { " or none" } else { "" };
    let scopes: Vec<_> = operation
        .scopes
        .iter()
        .map(|scope| format!("`{scope}`"))
        .collect();
    let good_for = match scopes.as_slice() {
        [] => String::new(),
        scopes => format!(" good for {}", scopes.join(" or ")),
    };
    format!("{token}{good_for}{or_none}")
}

fn answers(operation: &Operation) -> String {
    let success = operation.success.status;
    let pending = operation.pending.map_or_else(String::new, |status| {
        format!(", or {status} while it is not ready yet")
    });
    let errors: Vec<_> = operation.errors.iter().map(refusal).collect();
    let refuses = match errors.as_slice() {
        [] => String::new(),
        errors => format!("; refuses with {}", errors.join(", ")),
    };
    format!("Answers {success}{pending}{refuses}.")
}

fn refusal(error: &ErrorReply) -> String {
    let named = error
        .shapes
        .iter()
        .filter(|shape| *shape != "HTTPValidationError");
    let names: Vec<_> = named.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => error.status.to_string(),
        names => format!("{} ({})", error.status, names.join(", ")),
    }
}

fn repeats(operation: &Operation, send: Option<&String>) -> &'static str {
    match send.map(String::as_str) {
        Some("json_events") => "Repeated by itself only when every event has an `external_id`.",
        Some("json_validation") => "Repeated by itself unless it counts a use.",
        _ if operation.method == Method::Get => "Repeated by itself.",
        _ => "Repeated by itself only when Polar did nothing of it.",
    }
}

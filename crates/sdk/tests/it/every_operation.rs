//! Every operation asks what it should and reads what it gets: all 186, with what they require and
//! with all they take, over a transport that remembers.

use std::collections::BTreeSet;

use http::Uri;
use polarkit_spec::{facts, sample::Extent};
use serde_json::{Value, json};

use super::proof::{
    calls::{Made, every_call},
    check,
    document::Document,
};

/// What the service takes besides what its document says, by operation.
const UNDOCUMENTED: [(&str, &str); 1] = [("events:list", "cursor_pagination")];

/// The calls are many, and made once.
#[test]
fn every_operation_asks_and_reads_as_it_should() {
    let calls = every_call();
    none_is_missing(&calls);
    each_is_asked_as_the_facts_say(&calls);
    whatever_can_be_said_is_said(&calls);
    each_reads_all_of_its_answer(&calls);
    what_is_sent_and_answered_is_what_polars_document_says(&calls);
    whatever_is_sent_wrongly_is_noticed(&calls);
}

fn none_is_missing(calls: &[Made]) {
    let asked: BTreeSet<_> = calls.iter().map(|made| made.id).collect();
    let known: BTreeSet<_> = facts().operations.iter().map(|o| o.id.as_str()).collect();
    assert_eq!(asked, known);
    assert_eq!(asked.len(), 186);
}

fn each_is_asked_as_the_facts_say(calls: &[Made]) {
    let faults: Vec<_> = calls.iter().flat_map(check::faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn whatever_can_be_said_is_said(calls: &[Made]) {
    let (mut said, mut sayable) = (BTreeSet::new(), BTreeSet::new());
    for operation in &facts().operations {
        if let Some(body) = &operation.body {
            check::known(&body.shape, &mut sayable);
        }
    }
    for made in calls {
        if let Some(body) = &facts().operation(made.id).unwrap().body {
            check::shown(&body.shape, &made.body(), &mut said);
        }
    }
    let unsaid: Vec<_> = sayable.difference(&said).collect();
    assert!(unsaid.is_empty(), "{unsaid:?}");
}

fn each_reads_all_of_its_answer(calls: &[Made]) {
    let mut faults = Vec::new();
    for made in calls {
        for (turn, (answer, read)) in made.answers.iter().enumerate() {
            match read {
                Ok(read) => {
                    if let Some(lost) = check::lost(answer, read) {
                        faults.push(format!("{} answer #{turn}{lost}", made.id));
                    }
                }
                Err(error) => faults.push(format!("{} answer #{turn}: {error:?}", made.id)),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn what_is_sent_and_answered_is_what_polars_document_says(calls: &[Made]) {
    let Some(mut document) = Document::find(&facts().document_version) else {
        return;
    };
    let mut faults = Vec::new();
    for made in calls {
        let (place, operation) = document.operation(made.id);
        let operation = operation.clone();
        let mut hold = |what: &str, pointer: String, value: &Value| {
            if let Some(fault) = document.fault(&pointer, value) {
                faults.push(format!("{} #{} {what}: {fault}", made.id, made.turn));
            }
        };
        if let Some(media) = operation["requestBody"]["content"].as_object() {
            let media = media.keys().next().unwrap().replace('/', "~1");
            hold(
                "body",
                format!("{place}/requestBody/content/{media}/schema"),
                &typed(made),
            );
        }
        let success = &facts().operation(made.id).unwrap().success;
        if let Some(content_type) = &success.content_type {
            let media = content_type.replace('/', "~1");
            let pointer = format!(
                "{place}/responses/{}/content/{media}/schema",
                success.status
            );
            for (answer, _) in &made.answers {
                hold("answer", pointer.clone(), answer);
            }
        }
        for (name, values) in parameters(made) {
            let Some(index) = position(&operation, &name) else {
                faults.push(format!(
                    "{}: parameter {name} is not in the document",
                    made.id
                ));
                continue;
            };
            let schema = format!("{place}/parameters/{index}/schema");
            if document.fault(&schema, &values[0]).is_some() {
                let list = Value::Array(values);
                let fault = document.fault(&schema, &list);
                faults.extend(fault.map(|fault| format!("{} {name}: {fault}", made.id)));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// A form's fields are text; what they were before is what the document describes.
fn typed(made: &Made) -> Value {
    let body = facts().operation(made.id).unwrap().body.as_ref().unwrap();
    if body.content_type == "application/json" {
        return made.body();
    }
    let mut known = facts().sample(&body.shape, made.extent, made.turn);
    let sent = made.body();
    known
        .as_object_mut()
        .unwrap()
        .retain(|name, _| sent.get(name).is_some());
    known
}

/// The values of each query parameter, as the JSON they stand for.
fn parameters(made: &Made) -> Vec<(String, Vec<Value>)> {
    let operation = facts().operation(made.id).unwrap();
    let mut values: Vec<(String, Vec<Value>)> = Vec::new();
    for (name, text) in made.query() {
        let (name, value) = if let Some((name, key)) = name.split_once('[') {
            (name.to_owned(), json!({ key.trim_end_matches(']'): text }))
        } else {
            let mut known = operation.query_parameters();
            let known = known.find(|parameter| parameter.name == name).unwrap();
            let sample = facts().parameter_sample(known);
            let is_text = sample.get(0).unwrap_or(&sample).is_string();
            let value = if is_text {
                json!(text)
            } else {
                text.parse().unwrap()
            };
            (name, value)
        };
        if UNDOCUMENTED.contains(&(made.id, &name)) {
            continue;
        }
        match values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, more)) => more.push(value),
            None => values.push((name, vec![value])),
        }
    }
    values
}

fn position(operation: &Value, name: &str) -> Option<usize> {
    let parameters = operation["parameters"].as_array()?;
    parameters
        .iter()
        .position(|p| p["name"] == name && p["in"] == "query")
}

fn whatever_is_sent_wrongly_is_noticed(calls: &[Made]) {
    let full = |made: &&Made| made.id == "checkouts:create" && made.extent == Extent::Full;
    let call = calls.iter().find(full).unwrap();
    let checkout = || Made {
        request: call.request.clone(),
        answers: Vec::new(),
        ..*call
    };
    assert!(check::faults(&checkout()).is_empty());
    let noticed = |spoil: fn(&mut Made), what: &str| {
        let mut made = checkout();
        spoil(&mut made);
        let faults = check::faults(&made);
        assert!(
            matches!(faults.as_slice(), [only] if only.contains(what)),
            "{faults:?}"
        );
    };
    noticed(
        |made| *made.request.method_mut() = http::Method::PUT,
        "method",
    );
    noticed(
        |made| *made.request.uri_mut() = at(made, "/v1/checkouts"),
        "path",
    );
    noticed(
        |made| *made.request.uri_mut() = at(made, "/v1/checkouts/?a=1"),
        "query",
    );
    noticed(
        |made| drop(made.request.headers_mut().remove("polar-version")),
        "version",
    );
    noticed(
        |made| drop(made.request.headers_mut().remove("authorization")),
        "token",
    );
    noticed(
        |made| rename(made, "\"customer_name\"", "\"customer_title\""),
        "body",
    );
    noticed(|made| rename(made, "\"discount_id\":", "\"x\":"), "body");
}

fn at(made: &Made, path_and_query: &str) -> Uri {
    let host = made.request.uri().host().unwrap();
    format!("https://{host}{path_and_query}").parse().unwrap()
}

fn rename(made: &mut Made, from: &str, to: &str) {
    let body = std::str::from_utf8(made.request.body()).unwrap();
    assert!(body.contains(from));
    *made.request.body_mut() = body.replace(from, to).into();
}

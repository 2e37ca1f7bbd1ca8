//! Answers of the real Polar server, each read by the operation it answered. They lie with the
//! conformance suite, so that `.ci/conformance` runs this test; without the suite it fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use polarkit::{Polar, ReadError, Reply};
use polarkit_spec::facts;
use serde_json::Value;

use super::{
    generated,
    proof::calls::{Called, Calls},
};

/// What was recorded and fits no arm that is known: where, and how `Debug` begins to show it.
/// Nothing else may, and all of these must be met.
const UNKNOWN: [(&str, &str); 1] = [
    // Properties of a grant that has none, which is so of several types: nothing is lost.
    ("customers:get_state", "Unrecognized(Object {})"),
];

#[test]
#[ignore = "run by .ci/conformance"]
fn every_recorded_answer_is_understood() {
    let readers = Readers::of_every_operation();
    let (mut read, mut faults, mut unknown) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
    for answer in answers() {
        *read.entry(answer.operation).or_insert(0) += 1;
        match readers.0[answer.operation](&answer.reply) {
            Ok(shown) => unknown.extend(unrecognized(&shown).map(|arm| (answer.operation, arm))),
            Err(error) => faults.push(format!("{}: {}: {error}", answer.file, answer.operation)),
        }
    }
    let total: u32 = read.values().sum();
    println!("{total} recorded answers of {} operations", read.len());
    assert!(faults.is_empty(), "{faults:#?}");
    for (operation, arm) in UNKNOWN {
        let known = unknown.len();
        unknown.retain(|(asked, shown)| !(*asked == operation && shown.starts_with(arm)));
        assert!(unknown.len() < known, "{operation} has no {arm} any more");
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(total > 150 && read.len() > 40, "{total} {}", read.len());
}

/// The arms for what is newer than the types.
fn unrecognized(shown: &str) -> impl Iterator<Item = String> {
    let arms = shown.match_indices("Unrecognized(");
    arms.map(|(at, _)| shown[at..].chars().take(120).collect())
}

type Reader = fn(&Reply) -> Result<String, ReadError>;

/// How every operation reads its answer.
struct Readers(BTreeMap<&'static str, Reader>);

impl Readers {
    fn of_every_operation() -> Self {
        let mut readers = Self(BTreeMap::new());
        generated::all(&mut readers);
        readers
    }
}

impl Calls for Readers {
    fn polar(&self) -> Polar {
        Polar::builder().build().unwrap()
    }

    fn least<'a, O: Called<'a>>(&mut self, _call: O) {
        self.0.insert(O::ID, O::shown);
    }

    fn full<'a, O: Called<'a>>(&mut self, _turn: usize, _call: O) {}
}

/// An answer of success that was recorded.
struct Answer {
    file: String,
    operation: &'static str,
    reply: Reply,
}

fn answers() -> Vec<Answer> {
    let mut answers = Vec::new();
    for entry in std::fs::read_dir(recordings()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let recording: Value = serde_json::from_str(&text).unwrap();
        let steps = recording["steps"].as_array().into_iter().flatten();
        answers.extend(steps.filter_map(|step| {
            Some(Answer {
                file: path.display().to_string(),
                operation: operation(&step["request"])?,
                reply: reply(&step["response"])?,
            })
        }));
    }
    answers
}

/// The operation that was asked: of several templates that fit, the one with the fewest blanks.
fn operation(request: &Value) -> Option<&'static str> {
    let method = request["method"].as_str()?;
    let (_, address) = request["url"].as_str()?.split_once("://")?;
    let path = address.split_once('/')?.1.split('?').next()?;
    let operations = facts().operations.iter();
    operations
        .filter(|operation| operation.method.as_str() == method)
        .filter_map(|operation| Some((blanks(&operation.path, path)?, operation.id.as_str())))
        .min()
        .map(|(_, id)| id)
}

/// How many blanks of the template the path fills, if it fits at all.
fn blanks(template: &str, path: &str) -> Option<usize> {
    let known: Vec<_> = template.trim_start_matches('/').split('/').collect();
    let asked: Vec<_> = path.split('/').collect();
    let is_blank = |part: &str| part.starts_with('{');
    let mut parts = known.iter().zip(&asked);
    let fits = known.len() == asked.len()
        && parts.all(|(known, asked)| known == asked || is_blank(known) && !asked.is_empty());
    fits.then(|| known.iter().filter(|part| is_blank(part)).count())
}

fn reply(response: &Value) -> Option<Reply> {
    let status = u16::try_from(response["status"].as_u64()?).ok()?;
    let body = match &response["body"] {
        Value::String(text) => Bytes::from(text.clone()),
        json => Bytes::from(json.to_string()),
    };
    (200..300).contains(&status).then(|| Reply {
        status: status.try_into().unwrap(),
        headers: http::HeaderMap::new(),
        body: body.into(),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the suite lies is the test runner's affair"
)]
fn recordings() -> PathBuf {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var("POLAR_CONFORMANCE");
    let suite = checkout.join(named.as_deref().unwrap_or("../shared/conformance"));
    suite.join("recordings")
}

//! Which version of Polar's API is asked for, and that it makes no difference which.

use polarkit::{API_VERSION, Error, Version};
use polarkit_spec::facts;
use serde_json::Value;

use super::{
    in_process::Shop,
    proof::document::Document,
    script::{Script, Step},
};

#[tokio::test]
async fn a_call_has_its_own_version_or_the_clients_or_the_pinned_one() {
    let script = Script::of([]);
    let pinned = script.polar();
    let older = script.builder().version(Version::V2026_04).build().unwrap();
    pinned.orders().list().await.unwrap();
    older.orders().list().await.unwrap();
    let newer = older.orders().list().api_version("2027-01".to_owned());
    newer.await.unwrap();
    pinned.raw("/v1/").api_version("2028-01").await.unwrap();
    let asked = script.asked();
    let asked = asked.iter().map(|a| &a.request.headers()["polar-version"]);
    let asked: Vec<_> = asked.map(|version| version.to_str().unwrap()).collect();
    assert_eq!(asked, [API_VERSION, "2026-04", "2027-01", "2028-01"]);
}

#[test]
fn the_pinned_version_is_the_one_the_types_were_read_from() {
    let known = Version::KNOWN.map(|version| version.to_string());
    assert_eq!(known.as_slice(), facts().versions);
    assert_eq!(Version::PINNED.as_str(), facts().document_version);
    assert_eq!(Version::KNOWN.last(), Some(&Version::PINNED));
}

#[tokio::test]
async fn the_sandbox_answers_every_known_version_alike_and_no_other() {
    let shop = Shop::open();
    let products = shop.polar.products();
    let [older, newer] = Version::KNOWN.map(|version| products.list().api_version(version));
    assert_eq!(older.await.unwrap(), newer.await.unwrap());
    let other = products.list().api_version("2025-01").await;
    assert!(matches!(other, Err(Error::NotFound(_))), "{other:?}");
}

#[tokio::test]
async fn a_version_that_cannot_stand_in_a_header_is_not_sent() {
    let script = Script::of([]).then(Step::status(200));
    let polar = script.polar();
    let list = polar.orders().list().api_version("2026-10\nx: y");
    let error = list.await.unwrap_err();
    assert!(matches!(error, Error::Request { .. }), "{error:?}");
    assert!(script.asked().is_empty());
}

/// Where both are at hand: else nothing is told apart.
#[test]
fn polars_documents_of_the_known_versions_differ_in_nothing_but_their_name() {
    let [older, newer] = Version::KNOWN.map(|version| Document::find(version.as_str()));
    let (Some(older), Some(newer)) = (older, newer) else {
        return;
    };
    for part in ["paths", "webhooks", "components"] {
        assert!(
            without_samples(&older.json[part]) == without_samples(&newer.json[part]),
            "they differ in their {part}"
        );
    }
}

/// Samples of code name the package of their version.
fn without_samples(document: &Value) -> Value {
    match document {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| *name != "x-codeSamples");
            kept.map(|(name, value)| (name.clone(), without_samples(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(without_samples).collect(),
        other => other.clone(),
    }
}

//! The open door below the typed one.

use http::Method;
use polarkit::Error;
use serde::Deserialize;
use serde_json::json;

use super::script::{Script, Step};

#[derive(Debug, Deserialize, PartialEq)]
struct New {
    count: u8,
}

#[tokio::test]
async fn what_has_no_type_can_be_had_raw() {
    let script = Script::of([Step::json(200, r#"{"new":true}"#)]);
    let polar = script.polar();
    let answer = polar.raw("/v1/new/").query("limit", 5).await.unwrap();
    assert_eq!(answer["new"], true);
    let asked = script.asked().remove(0).request;
    assert_eq!(asked.uri().path_and_query().unwrap(), "/v1/new/?limit=5");
}

#[tokio::test]
async fn an_answer_has_the_type_it_is_given() {
    let script = Script::of([Step::json(200, r#"{"count":3}"#)]);
    let new: New = script.polar().raw("/v1/new/").typed().await.unwrap();
    assert_eq!(new, New { count: 3 });
}

#[tokio::test]
async fn an_answer_of_another_type_is_told_without_its_value() {
    let script = Script::of([]).then(Step::json(200, r#"{"count":"hidden"}"#));
    let answer = script.polar().raw("/v1/new/").typed::<New>().await;
    let error = answer.unwrap_err();
    assert!(matches!(error, Error::Decode { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
    assert_eq!(&error.body().unwrap()[..], br#"{"count":"hidden"}"#);
}

#[tokio::test]
async fn a_reply_can_be_had_whole() {
    let script = Script::of([Step::json(202, "later").header("location", "/v1/there")]);
    let reply = script.polar().raw("/v1/new/").reply().await.unwrap();
    assert_eq!(reply.status, 202);
    assert_eq!(reply.headers["location"], "/v1/there");
    assert_eq!(&reply.body[..], b"later");
}

#[tokio::test]
async fn any_method_and_any_body_can_be_sent() {
    let script = Script::of([]).then(Step::json(200, ""));
    let polar = script.polar();
    let raw = |method| polar.raw("/v1/new/").method(method);
    let put = raw(Method::PUT).json(&json!({"a": 1}));
    assert_eq!(put.await.unwrap(), json!(null));
    raw(Method::POST).body("text/csv", "a,b").await.unwrap();
    let asked = script.asked();
    let told = |at: usize| {
        let request = &asked[at].request;
        let kind = request.headers()["content-type"].to_str().unwrap();
        (request.method().as_str(), kind, &request.body()[..])
    };
    assert_eq!(told(0), ("PUT", "application/json", &br#"{"a":1}"#[..]));
    assert_eq!(told(1), ("POST", "text/csv", &b"a,b"[..]));
}

#[tokio::test(start_paused = true)]
async fn only_a_raw_read_is_repeated() {
    for (method, times) in [(Method::GET, 3), (Method::POST, 1), (Method::DELETE, 1)] {
        let script = Script::of([]).then(Step::status(503));
        let raw = script
            .polar()
            .raw("/v1/new/")
            .method(method.clone())
            .reply()
            .await;
        raw.unwrap_err();
        assert_eq!(script.asked().len(), times, "{method}");
    }
}

#[tokio::test]
async fn no_path_leads_the_token_to_another_host() {
    let script = Script::of([]);
    for path in ["", "@elsewhere.example/", ".elsewhere.example/", ":1/"] {
        let error = script.polar().raw(path).await.unwrap_err();
        let at_fault = matches!(
            error,
            Error::Request {
                argument: "path",
                ..
            }
        );
        assert!(at_fault, "{error:?}");
    }
    assert!(script.asked().is_empty());
}

//! Nothing secret is printed.

use std::fmt::Debug;

use bytes::Bytes;
use polarkit::{Operation as _, Polar, Reply, transport::Body};

use super::script::{Script, Step};

const SECRET: &str = "hush-hush";

fn says_nothing(thing: &impl Debug) {
    let (plain, pretty) = (format!("{thing:?}"), format!("{thing:#?}"));
    assert!(!plain.contains(SECRET), "{plain}");
    assert!(!pretty.contains(SECRET), "{pretty}");
}

#[tokio::test]
async fn neither_clients_nor_requests_nor_replies_show_what_they_carry() {
    let script = Script::of([]);
    let builder = script.builder().token(SECRET);
    says_nothing(&builder);
    let polar = builder.build().unwrap();
    says_nothing(&polar);
    says_nothing(&polar.with_token(SECRET));
    says_nothing(&Body::from(SECRET));

    let get = polar.checkouts().client_get(SECRET).with_token(SECRET);
    says_nothing(&get);
    says_nothing(&get.request());
    says_nothing(&polar.raw("/v1/x").query("token", SECRET).json(&SECRET));

    let mut reply = http::HeaderMap::new();
    reply.insert("set-cookie", SECRET.parse().unwrap());
    says_nothing(&Reply {
        status: http::StatusCode::OK,
        headers: reply,
        body: Bytes::from(SECRET).into(),
    });

    polar.orders().list().await.unwrap();
    says_nothing(script.asked()[0].request.headers());
}

#[tokio::test(start_paused = true)]
async fn no_error_shows_the_request_or_the_body() {
    let refusal =
        r#"{"error":"Bad","detail":[{"type":"x","loc":["body"],"msg":"m","input":"hush-hush"}]}"#;
    let steps = [
        Step::json(200, r#"{"client_secret":"hush-hush"}"#),
        Step::json(422, refusal),
        Step::json(401, r#"{"token":"hush-hush"}"#),
        Step::Broken,
        Step::Silence,
    ];
    for step in steps {
        let script = Script::of([]).then(step);
        let polar: Polar = script.builder().token(SECRET).build().unwrap();
        let error = polar.checkouts().client_get(SECRET).await.unwrap_err();
        says_nothing(&error);
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            assert!(!error.to_string().contains(SECRET), "{error}");
            cause = error.source();
        }
    }
}

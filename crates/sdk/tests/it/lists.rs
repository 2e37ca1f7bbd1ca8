//! Lists as pages and as streams.

use futures_util::TryStreamExt as _;

use polarkit::{Error, model::EventCreateExternalCustomer};

use super::{
    in_process::Shop,
    script::{Script, Step},
    stand::{Stand, json},
};

fn page(names: &[&str], max_page: u32) -> (u16, Vec<(&'static str, String)>, String) {
    let items: Vec<_> = names.iter().map(|name| format!(r#"{{"name":"{name}","source":"user","occurrences":1,"first_seen":"2026-01-01T00:00:00Z","last_seen":"2026-01-01T00:00:00Z"}}"#)).collect();
    let body = format!(
        r#"{{"items":[{}],"pagination":{{"total_count":3,"max_page":{max_page}}}}}"#,
        items.join(",")
    );
    json(200, &body)
}

#[tokio::test]
async fn a_stream_asks_for_page_after_page() {
    let (stand, polar) = Stand::answering([page(&["a", "b"], 2), page(&["c"], 2)]).await;
    let names: Vec<_> = polar
        .events()
        .list_names()
        .stream()
        .map_ok(|event| event.name)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(names, ["a", "b", "c"]);
    let queries: Vec<_> = stand
        .asked()
        .iter()
        .map(|asked| asked.uri.query().unwrap().to_owned())
        .collect();
    assert_eq!(queries, ["limit=100&page=1", "limit=100&page=2"]);
}

#[tokio::test]
async fn totals_that_promise_too_much_do_not_loop() {
    let (stand, polar) = Stand::answering([page(&["a"], 1_000), page(&[], 1_000)]).await;
    let count = polar
        .events()
        .list_names()
        .stream()
        .try_fold(0, async |n, _| Ok(n + 1))
        .await;
    assert_eq!(count.unwrap(), 1);
    assert_eq!(stand.asked().len(), 2);
}

#[tokio::test]
async fn a_page_failing_on_the_way_ends_the_stream_with_its_error() {
    let (_, polar) = Stand::answering([page(&["a"], 2), json(401, "{}")]).await;
    let mut names = polar.events().list_names().stream();
    assert!(names.try_next().await.unwrap().is_some());
    assert!(names.try_next().await.is_err());
    assert!(names.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn one_page_can_be_asked_for() {
    let (stand, polar) = Stand::answering([page(&["c"], 2)]).await;
    let page = polar.events().list_names().page(2).limit(2).await.unwrap();
    assert_eq!((page.items.len(), page.pagination.max_page()), (1, Some(2)));
    assert_eq!(stand.asked()[0].uri.query(), Some("page=2&limit=2"));
}

fn step(names: &[&str], max_page: u32) -> Step {
    let (status, _, body) = page(names, max_page);
    Step::json(status, &body)
}

async fn streamed(script: &Script) -> Vec<String> {
    let polar = script.polar();
    let names = polar.events().list_names().stream();
    let names = names.map_ok(|event| event.name).try_collect().await;
    names.unwrap()
}

#[tokio::test]
async fn items_that_move_meanwhile_come_twice_or_not_at_all_and_the_stream_ends() {
    let added_before = [step(&["a", "b"], 2), step(&["b", "c"], 2)];
    assert_eq!(
        streamed(&Script::of(added_before)).await,
        ["a", "b", "b", "c"]
    );
    let removed_before = [step(&["a", "b"], 2), step(&["d"], 2)];
    assert_eq!(streamed(&Script::of(removed_before)).await, ["a", "b", "d"]);
    let shrunk = [step(&["a", "b"], 3), step(&["c"], 1)];
    assert_eq!(streamed(&Script::of(shrunk)).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_page_that_comes_again_ends_the_stream() {
    let script = Script::of([]).then(step(&["a", "b"], 1_000));
    assert_eq!(streamed(&script).await, ["a", "b"]);
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_for_a_while_is_asked_for_again_and_nothing_is_lost() {
    let script = Script::of([step(&["a"], 2), Step::status(503), step(&["b"], 2)]);
    assert_eq!(streamed(&script).await, ["a", "b"]);
    let asked = script.asked();
    let queries = asked
        .iter()
        .map(|asked| asked.request.uri().query().unwrap());
    let [first, second, again] = queries.collect::<Vec<_>>()[..] else {
        panic!("{asked:?}")
    };
    assert_eq!(
        (first, second, again),
        ("limit=100&page=1", "limit=100&page=2", second)
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_for_good_gives_its_error_once() {
    let script = Script::of([step(&["a"], 3)]).then(Step::status(503));
    let polar = script.polar();
    let mut names = polar.events().list_names().stream();
    assert!(names.try_next().await.unwrap().is_some());
    let error = names.try_next().await.unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error:?}");
    let asked = script.asked().len();
    assert!(names.try_next().await.unwrap().is_none());
    assert_eq!(script.asked().len(), asked, "it asks no more");
}

#[tokio::test]
async fn a_list_that_is_not_counted_streams_as_one_that_is() {
    let shop = Shop::open();
    let event = |id: &str| EventCreateExternalCustomer::new("api_call", "u_42").external_id(id);
    let events = shop.polar.events();
    events.ingest(["e1", "e2", "e3"].map(event)).await.unwrap();
    let list = events.list().name("api_call").limit(2);
    let first = list.clone().cursor_pagination(true).await.unwrap();
    assert_eq!(
        (first.items.len(), first.pagination.total_count()),
        (2, None)
    );
    let counted: Vec<_> = list.clone().stream().try_collect().await.unwrap();
    let cursor = list.cursor_pagination(true).stream();
    let cursor: Vec<_> = cursor.try_collect().await.unwrap();
    assert_eq!(cursor.len(), 3);
    assert_eq!(cursor, counted);
}

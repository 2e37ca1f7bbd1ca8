//! Lists as pages and as streams.

use futures_util::TryStreamExt as _;

use super::stand::{Stand, json};

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

//! The calls for code that doesn't await.

use std::time::Duration;

use polarkit::{Kind, Retry, model::Order};

use super::{
    script::{Script, Step},
    stand::{Stand, json},
};

#[test]
fn a_call_waits_without_any_runtime() {
    let script = Script::of([]);
    let polar = script.polar();
    let orders = polar.orders().list().wait().unwrap();
    assert_eq!(orders.items.len(), 0);
    assert_eq!(script.asked().len(), 1);
}

#[test]
fn time_passes_in_the_background() {
    let script = Script::of([Step::status(503)]).then(Step::Silence);
    let retry = Retry::default().wait(Duration::from_millis(1));
    let polar = script.builder().retry(retry).build().unwrap();
    let call = polar
        .orders()
        .list()
        .with_timeout(Duration::from_millis(20));
    assert_eq!(call.wait().unwrap_err().kind(), Kind::Network);
    assert_eq!(script.asked().len(), 3);
}

/// The runtime's only thread waits for the call, which therefore must not need it.
#[tokio::test]
async fn a_call_from_inside_a_runtime_neither_panics_nor_hangs() {
    let script = Script::of([]);
    let polar = script.polar();
    polar.orders().list().await.unwrap();
    polar.orders().list().wait().unwrap();
    polar.raw("/v1/orders/").wait().unwrap();
    assert_eq!(script.asked().len(), 3);
}

/// A connection that the runtime opened is not used while the runtime stands still.
#[test]
fn both_ways_may_be_mixed_over_a_real_connection() {
    let empty = || {
        json(
            200,
            r#"{"items":[],"pagination":{"total_count":0,"max_page":0}}"#,
        )
    };
    let server = tokio::runtime::Runtime::new().unwrap();
    let (stand, polar) = server.block_on(Stand::answering([empty(), empty(), empty()]));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        polar.orders().list().await.unwrap();
        polar.orders().list().wait().unwrap();
        polar.orders().list().await.unwrap();
    });
    assert_eq!(stand.asked().len(), 3);
}

#[test]
fn threads_share_a_client() {
    let script = Script::of([]);
    let polar = script.polar();
    let ask = || -> Vec<Order> { polar.orders().list().wait().unwrap().items };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(ask);
        }
    });
    assert_eq!(script.asked().len(), 8);
}

/// A page of that many names, of so many pages.
fn page(number: usize, count: usize, of: u32) -> Step {
    let name = |at| {
        format!(
            r#"{{"name":"{number}-{at}","source":"user","occurrences":1,"first_seen":"2026-01-01T00:00:00Z","last_seen":"2026-01-01T00:00:00Z"}}"#
        )
    };
    let names: Vec<_> = (0..count).map(name).collect();
    let items = names.join(",");
    Step::json(
        200,
        &format!(r#"{{"items":[{items}],"pagination":{{"total_count":250,"max_page":{of}}}}}"#),
    )
}

#[test]
fn a_loop_goes_over_all_pages() {
    let script = Script::of([page(1, 100, 3), page(2, 100, 3), page(3, 50, 3)]);
    let names = script.polar().events().list_names().iter(); // the client is gone by now
    let names: Vec<_> = names.map(|name| name.unwrap().name).collect();
    assert_eq!(names.len(), 250);
    assert_eq!(
        (&*names[0], &*names[100], &*names[249]),
        ("1-0", "2-0", "3-49")
    );
    let asked = script.asked();
    let queries: Vec<_> = asked
        .iter()
        .map(|asked| asked.request.uri().query())
        .collect();
    let pages = ["limit=100&page=1", "limit=100&page=2", "limit=100&page=3"];
    assert_eq!(queries, pages.map(Some));
}

#[test]
fn a_page_is_asked_for_when_it_is_needed_and_an_error_ends_the_loop() {
    let script = Script::of([page(1, 2, 2), Step::status(404)]);
    let polar = script.polar();
    let mut names = polar.events().list_names().iter();
    assert_eq!(script.asked().len(), 0);
    assert!(names.next().unwrap().is_ok());
    assert!(names.next().unwrap().is_ok());
    assert_eq!(script.asked().len(), 1);
    assert_eq!(names.next().unwrap().unwrap_err().kind(), Kind::NotFound);
    assert!(names.next().is_none());
    assert!(names.next().is_none());
    assert_eq!(script.asked().len(), 2);
}

/// The background has one thread: what is waited for afterwards comes after all that the loop,
/// left early, still asked for.
#[test]
fn a_loop_that_is_left_asks_for_no_more_pages() {
    let script = Script::of([page(1, 1, 9), page(2, 1, 9)]).then(page(3, 1, 9));
    let polar = script.polar();
    let left: Vec<_> = polar.events().list_names().iter().take(2).collect();
    assert_eq!(left.len(), 2);
    polar.events().list_names().wait().unwrap();
    polar.events().list_names().wait().unwrap();
    assert_eq!(script.asked().len(), 4);
}

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

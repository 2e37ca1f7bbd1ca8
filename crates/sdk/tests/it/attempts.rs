//! When a call is sent again, to the millisecond.

use std::{sync::Arc, time::Duration};

use polarkit::{
    Clock, Error, Kind, Retry, Timestamp,
    model::{EventCreateExternalCustomer, OrderId, OrganizationId, ProductId},
};
use tokio::time::Instant;

use super::script::{Script, Step};

const SECOND: Duration = Duration::from_secs(1);

fn product() -> ProductId {
    "44444444-4444-4444-8444-444444444444".parse().unwrap()
}

fn limited(seconds: &str) -> Step {
    Step::status(429).header("retry-after", seconds)
}

/// Half a wait at least, all of it at most.
fn between(instant: u128, least: u128) {
    assert!((least..=2 * least).contains(&instant), "{instant} ms");
}

#[tokio::test(start_paused = true)]
async fn a_read_is_tried_three_times_with_growing_waits() {
    let script = Script::of([]).then(Step::status(503));
    let error = script.polar().orders().list().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Upstream);
    let instants = script.instants();
    assert_eq!((instants.len(), instants[0]), (3, 0));
    between(instants[1], 100);
    between(instants[2] - instants[1], 200);
}

#[tokio::test(start_paused = true)]
async fn what_the_server_asks_is_obeyed_to_the_second() {
    let script = Script::of([limited("7"), limited("3")]);
    script.polar().orders().list().await.unwrap();
    assert_eq!(script.instants(), [0, 7_000, 10_000]);
}

#[derive(Debug)]
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_is_obeyed_by_the_servers_own_clock_or_else_ours() {
    let now = Arc::new(At("2026-11-23T10:00:00Z".parse().unwrap()));
    let ours = limited("Mon, 23 Nov 2026 10:00:09 GMT");
    let its =
        limited("Mon, 23 Nov 2026 11:00:04 GMT").header("date", "Mon, 23 Nov 2026 11:00:00 GMT");
    let script = Script::of([ours, its]);
    let polar = script.builder().clock(now).build().unwrap();
    polar.orders().list().await.unwrap();
    assert_eq!(script.instants(), [0, 9_000, 13_000]);
}

#[tokio::test(start_paused = true)]
async fn a_past_date_means_now() {
    let now = Arc::new(At("2026-11-23T10:00:00Z".parse().unwrap()));
    let script = Script::of([limited("Mon, 23 Nov 2026 09:00:00 GMT")]);
    let polar = script.builder().clock(now).build().unwrap();
    polar.orders().list().await.unwrap();
    between(script.instants()[1], 100);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_too_much_gets_nothing_more() {
    let script = Script::of([limited("60")]);
    let error = script.polar().orders().list().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_mins(1)));
    assert_eq!(script.instants(), [0]);

    let script = Script::of([limited("60")]);
    let polar = script.polar();
    let patient = polar.orders().list().with_retry(Retry::patient());
    patient.await.unwrap();
    assert_eq!(script.instants(), [0, 60_000]);
}

#[tokio::test(start_paused = true)]
async fn the_whole_call_is_bounded_waits_included() {
    let retry = Retry::default().attempts(100).total(10 * SECOND);
    let script = Script::of([]).then(limited("4"));
    let polar = script.builder().retry(retry).build().unwrap();
    let began = Instant::now();
    polar.orders().list().await.unwrap_err();
    assert_eq!(script.instants(), [0, 4_000, 8_000]);
    assert_eq!(began.elapsed(), 8 * SECOND, "no wait that leads nowhere");

    let script = Script::of([limited("4")]).then(Step::Silence);
    let polar = script.builder().retry(retry).build().unwrap();
    let began = Instant::now();
    let error = polar.orders().list().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Network);
    assert_eq!(began.elapsed(), 10 * SECOND, "an attempt is cut off");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_repeated_only_if_it_may_be() {
    let script = Script::of([Step::Silence]);
    script.polar().orders().list().await.unwrap();
    let instants = script.instants();
    between(instants[1] - 30_000, 100);

    let script = Script::of([Step::Silence]);
    let error = script.polar().checkouts().create([product()]).await;
    assert_eq!(error.unwrap_err().kind(), Kind::Network);
    assert_eq!(script.instants(), [0]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_bought_twice() {
    for step in [
        Step::Broken,
        Step::Torn,
        Step::Silence,
        Step::status(502),
        Step::status(503),
    ] {
        let script = Script::of([step.clone()]);
        let polar = script.polar();
        polar.checkouts().create([product()]).await.unwrap_err();
        assert_eq!(script.asked().len(), 1, "{step:?}");
    }
    for step in [Step::Unreached, limited("1")] {
        let script = Script::of([step.clone()]).then(Step::status(403));
        let polar = script.polar();
        polar.checkouts().create([product()]).await.unwrap_err();
        assert_eq!(
            script.asked().len(),
            2,
            "{step:?}: nothing can have happened"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn polars_own_decision_is_not_its_rate_limit() {
    let body = r#"{"error":"ManualRetryLimitExceeded","detail":"Too many retries."}"#;
    let script = Script::of([Step::json(429, body).header("retry-after", "1")]);
    let error = script.polar().orders().list().await.unwrap_err();
    assert_eq!(error.name(), Some("ManualRetryLimitExceeded"));
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn events_are_repeated_if_all_carry_an_id() {
    let event = || EventCreateExternalCustomer::new("api_call", "u_42");
    let done = || Step::json(200, r#"{"inserted":1,"duplicates":0}"#);

    let script = Script::of([Step::Broken, done()]);
    let polar = script.polar();
    let ingest = polar
        .events()
        .ingest([event().external_id("1"), event().external_id("2")]);
    ingest.await.unwrap();
    assert_eq!(script.asked().len(), 2);

    let script = Script::of([Step::Broken, done()]);
    let polar = script.polar();
    let ingest = polar.events().ingest([event().external_id("1"), event()]);
    ingest.await.unwrap_err();
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_look_at_a_licence_is_repeated_unless_it_counts() {
    let organization: OrganizationId = "22222222-2222-4222-8222-222222222222".parse().unwrap();
    for (counts, attempts) in [(false, 3), (true, 1)] {
        let script = Script::of([]).then(Step::Broken);
        let polar = script.polar();
        let validate = polar.license_keys().validate("KEY", organization);
        let validate = if counts {
            validate.increment_usage(1)
        } else {
            validate
        };
        validate.await.unwrap_err();
        assert_eq!(script.asked().len(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_may_differ_from_its_client() {
    let script = Script::of([]).then(Step::Silence);
    let polar = script.polar();
    let began = Instant::now();
    let call = polar
        .orders()
        .list()
        .with_retry(Retry::never())
        .with_timeout(5 * SECOND)
        .with_token("polar_cst_y")
        .api_version("2027-01");
    let Error::Network { source, .. } = call.await.unwrap_err() else {
        panic!("not a network error")
    };
    assert_eq!(source.to_string(), "no answer within 5 s");
    assert_eq!(began.elapsed(), 5 * SECOND);
    let asked = script.asked();
    assert_eq!(asked.len(), 1);
    let header = |name: &str| {
        asked[0].request.headers()[name]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(header("authorization"), "Bearer polar_cst_y");
    assert_eq!(header("polar-version"), "2027-01");
}

#[tokio::test(start_paused = true)]
async fn a_client_with_another_token_is_otherwise_the_same() {
    let script = Script::of([]);
    let polar = script.polar();
    polar
        .with_token("polar_cst_y")
        .orders()
        .list()
        .await
        .unwrap();
    polar.without_token().orders().list().await.unwrap();
    polar.orders().list().await.unwrap();
    let tokens = script.asked().into_iter().map(|asked| {
        let token = asked.request.headers().get("authorization").cloned();
        token.map(|token| token.to_str().unwrap().to_owned())
    });
    let expected = [Some("Bearer polar_cst_y"), None, Some("Bearer polar_oat_x")];
    assert!(tokens.eq(expected.map(|token| token.map(str::to_owned))));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_sends_nothing_more() {
    let script = Script::of([]).then(Step::status(503));
    let polar = script.polar();
    let call = tokio::time::timeout(
        Duration::from_millis(50),
        polar.orders().list().into_future(),
    );
    call.await.unwrap_err();
    tokio::time::advance(60 * SECOND).await;
    assert_eq!(script.instants(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_none_is_not_sent() {
    let script = Script::of([]);
    let polar = script.polar().with_token("polar_oat_x\nX-Injected: 1");
    let order: OrderId = "33333333-3333-4333-8333-333333333333".parse().unwrap();
    let error = polar.orders().get(order).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "orders:get: token: cannot stand in a header"
    );
    assert!(script.asked().is_empty());
}

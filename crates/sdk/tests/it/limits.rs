//! The rate limits, kept to the millisecond.

use std::time::Duration;

use futures_util::future::join_all;
use polarkit::{Error, Kind, Limits, Polar, Rate, Retry, Server, model::OrganizationId};

use super::script::{Script, Step};

const SECOND: Duration = Duration::from_secs(1);

fn licence_client(script: &Script) -> Polar {
    let builder = script.builder().limits(Limits::production());
    builder.build().unwrap()
}

/// What comes of it doesn't matter here.
async fn validate(polar: &Polar) -> Result<(), Error> {
    let organization: OrganizationId = "22222222-2222-4222-8222-222222222222".parse().unwrap();
    let portal = polar.customer_portal();
    let validate = portal.license_keys().validate("KEY", organization);
    validate.await.map(drop)
}

fn unknown_key() -> Step {
    Step::json(404, r#"{"error":"ResourceNotFound","detail":"Not found"}"#)
}

#[tokio::test(start_paused = true)]
async fn the_public_licence_routes_get_three_a_second() {
    let script = Script::of([]).then(unknown_key());
    let polar = licence_client(&script);
    let clones = vec![polar; 8];
    join_all(clones.iter().map(validate)).await;
    assert_eq!(script.instants(), [0, 0, 0, 1000, 1000, 1000, 2000, 2000]);
}

#[tokio::test(start_paused = true)]
async fn a_request_counts_until_a_second_after_its_answer() {
    let slow = unknown_key().after(Duration::from_millis(700));
    let script = Script::of([slow]).then(unknown_key());
    let polar = licence_client(&script);
    join_all((0..6).map(|_| validate(&polar))).await;
    assert_eq!(script.instants(), [0, 0, 0, 1000, 1000, 1700]);
}

#[tokio::test(start_paused = true)]
async fn other_requests_do_not_wait_for_licences() {
    let script = Script::of([unknown_key(), unknown_key(), unknown_key()]);
    let polar = licence_client(&script);
    join_all((0..3).map(|_| validate(&polar))).await;
    polar.orders().list().await.unwrap();
    assert_eq!(script.instants(), [0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_closes_the_zone_for_every_clone() {
    let script = Script::of([Step::status(429).header("retry-after", "60")]).then(unknown_key());
    let polar = licence_client(&script);
    let refused = validate(&polar).await.unwrap_err();
    assert!(matches!(refused, Error::RateLimited { .. }), "{refused:?}");

    tokio::time::advance(10 * SECOND).await;
    let held_back = validate(&polar.clone()).await.unwrap_err();
    assert_eq!(held_back.kind(), Kind::RateLimit);
    assert_eq!(held_back.retry_after(), Some(50 * SECOND));
    assert_eq!(
        held_back.to_string(),
        "customer_portal:license_keys:validate: not sent, the rate limit has no room for it; \
         try again in 50.0 s"
    );
    assert_eq!(script.instants(), [0], "nothing was sent meanwhile");

    tokio::time::advance(50 * SECOND).await;
    let answered = validate(&polar).await.unwrap_err();
    assert_eq!(answered.kind(), Kind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn those_who_stand_in_line_hear_of_a_refusal_at_once() {
    let refusal = Step::status(429).header("retry-after", "60");
    let script = Script::of([unknown_key(), unknown_key(), refusal.after(SECOND / 2)]);
    let polar = licence_client(&script);
    let began = tokio::time::Instant::now();
    let outcomes = join_all((0..6).map(|_| validate(&polar))).await;
    let kinds: Vec<_> = outcomes
        .iter()
        .map(|o| o.as_ref().unwrap_err().kind())
        .collect();
    assert_eq!(kinds[..2], [Kind::NotFound; 2]);
    assert_eq!(kinds[2..], [Kind::RateLimit; 4]);
    assert_eq!(began.elapsed(), SECOND / 2);
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_general_limit_is_the_servers() {
    for (server, most) in [(Server::Production, 500), (Server::Sandbox, 100)] {
        let script = Script::of([]);
        let polar = script.builder().server(server).build().unwrap();
        let orders = polar.orders();
        let calls = (0..=most).map(|_| orders.list().into_future());
        join_all(calls).await;
        let instants = script.instants();
        assert_eq!(instants.iter().filter(|at| **at == 0).count(), most);
        assert_eq!(instants[most], 60_000);
    }
}

#[tokio::test(start_paused = true)]
async fn each_token_has_a_count_of_its_own() {
    let limits = Limits::none().general(Rate::per_minute(1));
    let script = Script::of([]);
    let polar = script.builder().limits(limits).build().unwrap();
    let clones = [
        polar.clone(),
        polar.with_token("polar_cst_y"),
        polar.without_token(),
        polar,
    ];
    join_all(
        clones
            .iter()
            .map(|polar| polar.orders().list().into_future()),
    )
    .await;
    assert_eq!(script.instants(), [0, 0, 0, 60_000]);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_would_come_too_late_is_refused_at_once() {
    let limits = Limits::none().general(Rate::per_minute(2));
    let script = Script::of([]);
    let polar = script
        .builder()
        .limits(limits)
        .retry(Retry::default().total(90 * SECOND));
    let polar = polar.build().unwrap();
    let began = tokio::time::Instant::now();
    let orders = polar.orders();
    let outcomes = join_all((0..5).map(|_| orders.list().into_future())).await;
    let Err(Error::HeldBack { retry_after, .. }) = outcomes[4] else {
        panic!("{:?}", outcomes[4])
    };
    assert_eq!(retry_after, 120 * SECOND);
    assert!(outcomes[..4].iter().all(Result::is_ok));
    assert_eq!(script.instants(), [0, 0, 60_000, 60_000]);
    assert_eq!(began.elapsed(), 60 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_turn_counts_against_the_whole_call() {
    let limits = Limits::none().general(Rate::per_minute(1));
    let script = Script::of([unknown_key()]).then(Step::Silence);
    let retry = Retry::default().total(70 * SECOND);
    let polar = script
        .builder()
        .limits(limits)
        .retry(retry)
        .build()
        .unwrap();
    polar.orders().list().await.unwrap_err();
    let began = tokio::time::Instant::now();
    let error = polar.orders().list().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Network);
    assert_eq!(began.elapsed(), 70 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_line_leaves_its_turn_to_the_next() {
    let limits = Limits::none().general(Rate::per_minute(1));
    let script = Script::of([]);
    let polar = script.builder().limits(limits).build().unwrap();
    let orders = polar.orders();
    orders.list().await.unwrap();
    let leaves = tokio::time::timeout(SECOND, orders.list().into_future());
    let stays = orders.list().into_future();
    let (left, stayed) = futures_util::join!(leaves, stays);
    left.unwrap_err();
    stayed.unwrap();
    assert_eq!(script.instants(), [0, 60_000]);
}

#[tokio::test(start_paused = true)]
async fn a_server_of_ones_own_has_no_limits() {
    let script = Script::of([]);
    let polar = script.polar();
    let orders = polar.orders();
    join_all((0..1000).map(|_| orders.list().into_future())).await;
    assert!(script.instants().iter().all(|at| *at == 0));
}

//! Bytes as they come: exports, and what Polar's answers give addresses of.

use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use polarkit::{Error, Limits, Rate};

use super::{
    in_process::Shop,
    script::{Script, Step},
};

const SIGNED: &str = "https://files.example/invoice.pdf?signature=hidden";

fn pieces(pieces: &[&'static str]) -> Step {
    let pieces = pieces
        .iter()
        .map(|piece| Bytes::from_static(piece.as_bytes()));
    Step::Answer(Duration::ZERO, 200, Vec::new(), pieces.collect())
}

#[tokio::test]
async fn an_export_streams_what_awaiting_it_gives() {
    let shop = Shop::open();
    shop.buy("Pro", "u_42").await;
    let orders = shop.polar.orders();
    let text = orders.export().await.unwrap();
    assert!(text.lines().count() > 1, "{text}");
    let streamed = orders.export().download().stream().await.unwrap();
    let streamed: Vec<Bytes> = streamed.try_collect().await.unwrap();
    assert_eq!(streamed.concat(), text.as_bytes());
    let whole = orders.export().download().bytes(text.len()).await.unwrap();
    assert_eq!(whole, text.as_bytes());
}

#[tokio::test]
async fn another_host_is_told_nothing_of_the_client() {
    let script = Script::of([pieces(&["%P", "DF"])]);
    let polar = script.polar();
    assert_eq!(polar.download(SIGNED).bytes(4).await.unwrap(), "%PDF");
    let asked = script.asked().remove(0).request;
    assert_eq!(asked.uri().to_string(), SIGNED);
    let headers: Vec<_> = asked
        .headers()
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    assert_eq!(headers, ["user-agent"]);
}

#[tokio::test]
async fn another_hosts_clock_is_not_polars() {
    let date = "Fri, 01 Jan 2027 00:00:00 GMT";
    let script = Script::of([Step::status(200).header("date", date)]);
    let polar = script.polar();
    polar.download(SIGNED).bytes(0).await.unwrap();
    assert_eq!(polar.server_time(), None);
}

#[tokio::test(start_paused = true)]
async fn an_export_counts_under_the_rate_limit_and_a_file_does_not() {
    let script = Script::of([]).then(pieces(&["a,b"]));
    let mut limits = Limits::none();
    limits.general = Some(Rate::per_minute(1));
    let polar = script.builder().limits(limits).build().unwrap();
    for _ in 0..2 {
        polar.download(SIGNED).bytes(9).await.unwrap();
    }
    for _ in 0..2 {
        let export = polar.orders().export().download().bytes(9).await;
        export.unwrap();
    }
    assert_eq!(script.instants(), [0, 0, 0, 60_000]);
}

#[tokio::test]
async fn more_than_was_bargained_for_is_an_error() {
    let script = Script::of([]).then(pieces(&["abc", "def"]));
    let polar = script.polar();
    assert_eq!(polar.download(SIGNED).bytes(6).await.unwrap(), "abcdef");
    let error = polar.download(SIGNED).bytes(5).await.unwrap_err();
    assert!(
        matches!(error, Error::TooLong { bytes_max: 5, .. }),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_the_answer_is_tried_again() {
    let script = Script::of([Step::Unreached, Step::status(503), pieces(&["a,b"])]);
    let export = script.polar().orders().export().download().bytes(9).await;
    assert_eq!(export.unwrap(), "a,b");
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test]
async fn what_breaks_off_later_gives_its_error_once() {
    let script = Script::of([Step::Torn]);
    let mut stream = script.polar().download(SIGNED).stream().await.unwrap();
    assert!(stream.try_next().await.unwrap().is_some());
    let error = stream.try_next().await.unwrap_err();
    assert!(matches!(error, Error::Network { .. }), "{error:?}");
    assert!(stream.try_next().await.unwrap().is_none());
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn an_address_that_is_no_longer_good_says_so_without_its_signature() {
    let script = Script::of([Step::status(403)]);
    let polar = script.polar();
    let error = polar.download(SIGNED).bytes(9).await.unwrap_err();
    assert!(matches!(error, Error::NotPermitted(_)), "{error:?}");
    let shown = format!("{error} {error:?} {:?}", polar.download(SIGNED));
    assert!(!shown.contains("hidden"), "{shown}");
}

#[tokio::test]
async fn only_the_web_is_downloaded_from() {
    let script = Script::of([]);
    for url in ["", "/v1/orders/", "file:///etc/hidden", "ftp://hidden/"] {
        let error = script.polar().download(url).bytes(9).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(
            matches!(
                error,
                Error::Request {
                    argument: "url",
                    ..
                }
            ),
            "{error:?}"
        );
    }
    assert!(script.asked().is_empty());
}

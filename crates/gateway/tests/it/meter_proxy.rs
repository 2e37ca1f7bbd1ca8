//! The metering proxy as a proxy: what goes through, how, and what is said when there is nobody.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use reqwest::{Body, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::answer::Answer;
use crate::metered::Metered;
use crate::world::spawn;

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_passes_piece_by_piece() {
    let metered = Metered::begin(&[]).await;
    let give = metered.app.live();
    let mut answer = metered.get("u_1", "/live").await;
    for piece in ["one", "two", "three"] {
        // The next is only made when this one has arrived.
        give.send(Ok(Bytes::from_static(piece.as_bytes())))
            .await
            .unwrap();
        assert_eq!(answer.chunk().await.unwrap().unwrap(), piece);
    }
    drop(give);
    assert!(answer.chunk().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_slowly_holds_the_app_back_and_no_memory_is_filled() {
    let metered = Metered::begin(&[]).await;
    let mut answer = metered.get("u_1", "/endless").await;
    let made = || *metered.app.made.lock().unwrap();
    // Once nothing more is taken, nothing more is made.
    let mut before = usize::MAX;
    while before != made() {
        before = made();
        crate::world::pause(Duration::from_millis(200)).await;
    }
    assert!(before < 32 << 20, "{before} bytes wait somewhere");
    let mut read = 0;
    while read < 64 << 20 {
        read += answer.chunk().await.unwrap().unwrap().len();
    }
    assert!(
        made() - read < 32 << 20,
        "{} bytes wait somewhere",
        made() - read
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_any_size_goes_in() {
    const PIECES: usize = 1_024;
    let metered = Metered::begin(&[]).await;
    let pieces = stream::repeat(Bytes::from(vec![b'x'; 65_536])).take(PIECES);
    let body = Body::wrap_stream(pieces.map(Ok::<_, std::convert::Infallible>));
    let put = metered.of("u_1", Method::PUT, "/upload/large").body(body);
    let took = put.send().await.unwrap().text().await.unwrap();
    assert_eq!(took, (PIECES * 65_536).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_is_told_who_asked_and_nothing_of_the_connection() {
    let metered = Metered::begin(&[]).await;
    let path = "/api/hello/a%2Fb%20c?q=%C3%A9&q=2";
    let call = metered
        .call(Method::GET, path)
        .header("connection", "keep-alive, x-hop")
        .header("x-hop", "1")
        .header("te", "trailers")
        .header("proxy-authorization", "Basic x")
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "for=203.0.113.7")
        .header("x-request-id", "call-7")
        .header("cookie", "a=1")
        .header("cookie", "b=2");
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let (uri, headers) = metered.app.last();
    assert_eq!(uri, path);
    for gone in [
        "connection",
        "x-hop",
        "te",
        "proxy-authorization",
        "forwarded",
    ] {
        assert!(!headers.contains_key(gone), "{gone}: {headers:?}");
    }
    let host = metered.url().trim_start_matches("http://");
    assert_eq!(headers["host"], host);
    assert_eq!(headers["x-forwarded-host"], host);
    assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["via"], "1.1 polarkit");
    assert_eq!(headers["x-request-id"], "call-7");
    assert_eq!(headers.get_all("cookie").iter().count(), 2);
    let told = metered.call(Method::GET, "/report").send().await.unwrap();
    assert!(!told.headers().contains_key("x-inner"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_in_front_is_added_to() {
    let metered = Metered::begin(&[("POLARKIT_METER_TRUST_NETWORKS", "127.0.0.0/8")]).await;
    let call = metered
        .call(Method::GET, "/api/hello/ada")
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "shop.example");
    call.send().await.unwrap();
    let (_uri, headers) = metered.app.last();
    assert_eq!(headers["x-forwarded-for"], "203.0.113.7, 127.0.0.1");
    assert_eq!(headers["x-forwarded-proto"], "https");
    assert_eq!(headers["x-forwarded-host"], "shop.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_gone_or_silent_is_told_so() {
    let metered = Metered::begin(&[("POLARKIT_METER_TIMEOUT_SECONDS", "1")]).await;
    let silent = metered.get("u_1", "/deaf").await;
    Answer::of(silent).await.refused(504, "app_silent");
    let give = metered.app.live();
    let stalled = metered.get("u_1", "/live").await;
    give.send(Ok("and then nothing".into())).await.unwrap();
    stalled.text().await.unwrap_err();
    assert_eq!(metered.durable().await, 0);

    let nobody =
        crate::world::World::with(&[("POLARKIT_METER_UPSTREAM", "http://127.0.0.1:9")]).await;
    let url = format!("{}/api/hello/ada", nobody.meter.as_deref().unwrap());
    let gone = nobody.client().get(url).send().await.unwrap();
    let gone = Answer::of(gone).await;
    let detail = gone.refused(502, "app_unreachable");
    assert!(!detail.contains("127.0.0.1"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_lets_go_of_the_app() {
    let metered = Metered::begin(&[]).await;
    let give = metered.app.live();
    let mut client = TcpStream::connect(metered.url().trim_start_matches("http://"))
        .await
        .unwrap();
    client
        .write_all(b"GET /live HTTP/1.1\r\nhost: app\r\n\r\n")
        .await
        .unwrap();
    give.send(Ok("begun".into())).await.unwrap();
    let mut heard = String::new();
    while !heard.contains("begun") {
        let mut piece = [0; 1_024];
        let count = client.read(&mut piece).await.unwrap();
        heard.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    drop(client);
    metered.app.left.notified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_protocol_goes_through_both_ways_and_counts_where_a_rule_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let app = format!("http://{}", listener.local_addr().unwrap());
    spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await?;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await?);
            }
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            assert!(head.contains("upgrade: websocket"), "{head}");
            let agreed = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nready";
            socket.write_all(agreed).await?;
            let mut word = [0; 4];
            socket.read_exact(&mut word).await?;
            word.reverse();
            socket.write_all(&word).await?;
        }
    });
    let rules = "[[rule]]\npath = \"/socket\"\nstatuses = [101]\nevent = \"session\"";
    let metered = Metered::ruled(rules, &[("POLARKIT_METER_UPSTREAM", &app)]).await;
    let call = metered.of("u_1", Method::GET, "/socket");
    let call = call
        .header("connection", "Upgrade")
        .header("upgrade", "websocket");
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 101);
    let mut socket = answer.upgrade().await.unwrap();
    let mut said = [0; 5];
    socket.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"ready");
    socket.write_all(b"abcd").await.unwrap();
    let mut said = [0; 4];
    socket.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"dcba");
    assert_eq!(metered.delivered(1).await[0]["name"], "session");
}

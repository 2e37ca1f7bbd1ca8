//! Connections: how many at once, how slow their requests may begin and their answers may be read,
//! and how they end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service as _;

use crate::time::pause;

/// Connections served at once; the next wait in the kernel's queue until one ends.
const CONNECTIONS_MAX: usize = 4_096;
/// How long a connection may take to send a request's head; an idle one is closed after as long.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// How long a client may take none of its answer; who takes some, however little, goes on.
const TAKEN_WITHIN: Duration = Duration::from_mins(1);
/// How long open connections may take to finish once asked to stop.
const FAREWELL: Duration = Duration::from_secs(10);
/// When the process has no file descriptors left, the next connection waits for one.
const BREATH: Duration = Duration::from_secs(1);

/// Serves until told to stop, then until every request under way is answered or [`FAREWELL`] is
/// over: a client may hold its connection open.
pub(crate) async fn serve(listener: TcpListener, app: Router, stop: &CancellationToken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = TaskTracker::new();
    let overdue = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let Some((stream, address, place)) = accepted else {
            break;
        };
        // Answers are whole when they are written: waiting for more would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY cannot be set");
        }
        let served = converse(stream, address, app.clone(), stop.clone());
        let overdue = overdue.clone();
        connections.spawn(async move {
            tokio::select! {
                () = served => {}
                () = overdue.cancelled() => {}
            }
            drop(place);
        });
    }
    drop(listener); // whoever comes now is refused, not kept waiting
    connections.close();
    tokio::select! {
        () = connections.wait() => {}
        () = pause(FAREWELL) => overdue.cancel(),
    }
    connections.wait().await;
}

/// The next connection, once there is room for it; `None` when there never will be.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return Some((stream, address, place)),
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted now");
                pause(BREATH).await;
            }
        }
    }
}

/// A client that went away before it was accepted is no trouble of ours.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Answers one connection's requests.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    address: SocketAddr,
    app: Router,
    stop: CancellationToken,
) {
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(TAKEN_WITHIN));
    let answer = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        let mut app = app.clone();
        async move {
            Ok::<_, Infallible>(
                app.call(request)
                    .await
                    .unwrap_or_else(|never| match never {}),
            )
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(Box::pin(stream)), answer)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %address, "a connection broke off");
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use bytes::Bytes;
    use futures_util::stream;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;

    /// What lies between the two sides.
    const PIPE: usize = 1_024;

    /// An answer that has no end.
    async fn endless() -> Body {
        let block = Ok::<_, Infallible>(Bytes::from_static(&[b'x'; PIPE]));
        Body::from_stream(stream::repeat(block))
    }

    async fn talk(client: impl Future<Output = ()>, server: tokio::io::DuplexStream) -> Duration {
        let began = Instant::now();
        let app = Router::new().route("/", get(endless));
        let address = ([127, 0, 0, 1], 1).into();
        let served = converse(server, address, app, CancellationToken::new());
        let both = async { tokio::join!(client, served) };
        drop(tokio::time::timeout(TAKEN_WITHIN * 100, both).await);
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_not_kept() {
        let (mut client, server) = tokio::io::duplex(PIPE);
        let asking = async {
            client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        };
        assert_eq!(talk(asking, server).await, TAKEN_WITHIN);
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_is_read_to() {
        let (mut client, server) = tokio::io::duplex(PIPE);
        let reading = async move {
            client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            let mut block = [0; PIPE];
            for _ in 0..10 {
                pause(TAKEN_WITHIN.mul_f32(0.9)).await;
                client.read_exact(&mut block).await.unwrap();
            }
        };
        assert!(talk(reading, server).await > TAKEN_WITHIN * 8);
    }
}

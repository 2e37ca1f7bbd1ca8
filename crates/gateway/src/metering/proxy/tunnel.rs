//! Connections that change their protocol, as web sockets do: bytes both ways, until either side
//! leaves. They count as one request, for a rule that names the status 101.

use std::sync::Arc;

use axum::body::Body;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::problem::{Code, Problem};

/// Tunnels open at once; one more is refused.
const TUNNELS_MAX: usize = 1_024;

#[derive(Debug)]
pub(super) struct Tunnels {
    room: Arc<Semaphore>,
    open: TaskTracker,
    stop: CancellationToken,
}

/// A client that asks for another protocol.
#[derive(Debug)]
pub(super) struct Asked {
    protocol: HeaderValue,
    client: OnUpgrade,
    place: OwnedSemaphorePermit,
}

impl Asked {
    pub(super) fn protocol(&self) -> &HeaderValue {
        &self.protocol
    }
}

impl Tunnels {
    pub(super) fn new(stop: CancellationToken) -> Self {
        Self {
            room: Arc::new(Semaphore::new(TUNNELS_MAX)),
            open: TaskTracker::new(),
            stop,
        }
    }

    /// Whether this request asks for one.
    pub(super) fn asked_by(&self, request: &mut Request<Body>) -> Result<Option<Asked>, Problem> {
        let Some(protocol) = wanted(request.headers()) else {
            return Ok(None);
        };
        let place = Arc::clone(&self.room)
            .try_acquire_owned()
            .map_err(|_full| {
                Problem::new(Code::Overloaded, "Too many connections are open").retry_after(5)
            })?;
        Ok(Some(Asked {
            protocol,
            client: hyper::upgrade::on(request),
            place,
        }))
    }

    /// Opens it where the app agreed; gives the protocol it agreed to.
    pub(super) fn open(&self, asked: Asked, answer: &mut Response<Body>) -> Option<HeaderValue> {
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return None;
        }
        let protocol = answer.headers().get(UPGRADE).cloned();
        let app = hyper::upgrade::on(answer);
        let stop = self.stop.clone();
        self.open.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = converse(asked.client, app) => {}
            }
            drop(asked.place);
        });
        protocol.or(Some(asked.protocol))
    }
}

fn wanted(headers: &HeaderMap) -> Option<HeaderValue> {
    let connection = headers.get_all(CONNECTION).iter();
    let mut named = connection.filter_map(|line| line.to_str().ok());
    let upgrades = named.any(|line| {
        let mut names = line.split(',');
        names.any(|name| name.trim().eq_ignore_ascii_case("upgrade"))
    });
    headers.get(UPGRADE).filter(|_| upgrades).cloned()
}

async fn converse(client: OnUpgrade, app: OnUpgrade) {
    let ended = match tokio::try_join!(client, app) {
        Ok((client, app)) => {
            let (mut client, mut app) = (TokioIo::new(client), TokioIo::new(app));
            let copied = tokio::io::copy_bidirectional(&mut client, &mut app).await;
            copied.map(drop).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a tunnel broke off");
    }
}

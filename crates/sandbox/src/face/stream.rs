//! What happens to a session of checkout, told as it happens (server-sent events).

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use http::header::{CACHE_CONTROL, HeaderName};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answer;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::resource::checkout::{Checkout, Signal};
use crate::world::{Chance, Id};

/// How long somebody is told of it. Then they are to ask again.
const LIFETIME: Duration = Duration::from_mins(10);
/// A sign of life in the silence.
const PING: Duration = Duration::from_secs(15);
/// What tells a page to ask again.
const RECONNECT: &str = r#"{"type": "reconnect"}"#;

/// One page that watches.
struct Watch {
    checkout: Id<Checkout>,
    signals: Receiver<Signal>,
    /// For the ids of messages, which mean nothing to the world.
    chance: Chance,
    end: Instant,
    stop: CancellationToken,
}

/// Begins to tell. The world is not held meanwhile.
pub(super) fn open(engine: &Engine, checkout: Id<Checkout>) -> Response {
    let Some(signals) = engine.read(|world| world.watchers.join()) else {
        let detail = "Too many pages are watching their checkouts.";
        return answer::failure(Failure::named(503, "TooManyStreams", detail));
    };
    let watch = Watch {
        checkout,
        signals,
        chance: Chance::new(checkout.uuid().as_u64_pair().0),
        end: Instant::now() + LIFETIME,
        stop: engine.stopping(),
    };
    let alive = KeepAlive::new().interval(PING).text("ping");
    let mut response = Sse::new(watch.told()).keep_alive(alive).into_response();
    answer::set(&mut response, CACHE_CONTROL, "no-store");
    let buffering = HeaderName::from_static("x-accel-buffering");
    answer::set(&mut response, buffering, "no");
    response
}

impl Watch {
    fn told(self) -> impl Stream<Item = Result<Event, Infallible>> {
        unfold(Some(self), async |watch| {
            let mut watch = watch?;
            let text = watch.next().await?;
            let ends = text == RECONNECT;
            let event = Event::default().data(text);
            Some((Ok(event), (!ends).then_some(watch)))
        })
    }

    /// The next message; none when there is nothing to watch any more. Who fell behind has missed something
    /// and must look for themselves.
    async fn next(&mut self) -> Option<String> {
        loop {
            let signal = tokio::select! {
                () = self.stop.cancelled() => return None,
                () = tokio::time::sleep_until(self.end) => return Some(RECONNECT.to_owned()),
                signal = self.signals.recv() => signal,
            };
            match signal {
                Ok(signal) if signal.checkout == self.checkout => {
                    return Some(signal.message(self.chance.id()).to_string());
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(RECONNECT.to_owned()),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

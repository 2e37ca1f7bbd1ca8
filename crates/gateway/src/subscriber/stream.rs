//! The stream: what is told, pushed to whoever reads along, as server-sent events.
//!
//! A reader is fed from the outbox a page at a time, so that a slow one costs a few events of
//! memory; one that takes nothing for a while is cut and comes back with the last id it saw.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body::{Body, Frame};
use polarkit_store::{Error, Told};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::filter::{Filter, Subject};
use crate::gateway::Gateway;
use crate::problem::chain;

/// Readers of one node.
const READERS_MAX: usize = 256;
/// Events held for one reader.
const HELD_MAX: usize = 4;
/// Events read from the store at once.
const PAGE: i64 = 16;
/// A reader that takes nothing for this long is cut.
const SLOW_MAX: Duration = Duration::from_secs(5);
/// How often a quiet stream says that it lives: proxies close what is silent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often the store is asked for what another node told.
const SHARED_LOOK: Duration = Duration::from_secs(1);
/// Then the reader has to come again and show its credentials.
const LIFE_MAX: Duration = Duration::from_mins(15);

/// The readers of one node.
#[derive(Debug)]
pub(crate) struct Readers {
    room: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Who reads what, from where on.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The last position seen.
    pub(crate) after: i64,
    pub(crate) filter: Filter,
    /// The only customer told of, by the application's id.
    pub(crate) only: Option<String>,
}

/// The body of an endless answer.
#[derive(Debug)]
pub(crate) struct Frames(mpsc::Receiver<Bytes>);

impl Body for Frames {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = self.0.poll_recv(cx);
        next.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

impl Readers {
    pub(crate) fn new() -> Self {
        Self {
            room: Arc::new(Semaphore::new(READERS_MAX)),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// How many read.
    pub(crate) fn count(&self) -> usize {
        READERS_MAX.saturating_sub(self.room.available_permits())
    }

    /// Feeds one more reader; none when there are too many.
    pub(crate) fn admit(&self, gateway: &Gateway, reader: Reader) -> Option<Frames> {
        let place = Arc::clone(&self.room).try_acquire_owned().ok()?;
        let (out, frames) = mpsc::channel(HELD_MAX);
        let (gateway, stop) = (gateway.clone(), self.stop.clone());
        self.tasks.spawn(feed(gateway, reader, out, stop, place));
        Some(Frames(frames))
    }

    /// Sends every reader away, to another node or to come again.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Why a reader is no longer fed.
enum End {
    /// It went away, or its time is over.
    Left,
    /// It took nothing for too long.
    Slow,
    /// What is to be told can't be read.
    Store(Error),
}

async fn feed(
    gateway: Gateway,
    reader: Reader,
    out: mpsc::Sender<Bytes>,
    stop: CancellationToken,
    place: OwnedSemaphorePermit,
) {
    let life = tokio::time::timeout(LIFE_MAX, pages(&gateway, reader, &out));
    let end = tokio::select! {
        () = stop.cancelled() => End::Left,
        () = out.closed() => End::Left,
        end = life => end.unwrap_or(End::Left),
    };
    match end {
        End::Left => {}
        End::Slow => gateway.metrics.reader_cut(),
        End::Store(error) => {
            tracing::error!(error = %chain(&error), "the stream cannot be read");
        }
    }
    drop(place);
}

async fn pages(gateway: &Gateway, mut reader: Reader, out: &mpsc::Sender<Bytes>) -> End {
    let mut told = gateway.told.subscribe();
    // From here on the reader has an id to come back with, also when nothing happens.
    let first = format!("retry: 2000\nid: {}\n\n", reader.after);
    let mut idle = Duration::ZERO;
    let mut frames = vec![Bytes::from(first)];
    loop {
        for frame in frames.drain(..) {
            match tokio::time::timeout(SLOW_MAX, out.send(frame)).await {
                Ok(Ok(())) => idle = Duration::ZERO,
                Ok(Err(_gone)) => return End::Left,
                Err(_elapsed) => return End::Slow,
            }
        }
        told.borrow_and_update();
        match next(gateway, &mut reader).await {
            Ok(Some(page)) => frames = page,
            Ok(None) => {
                let look = if gateway.store.is_shared() {
                    SHARED_LOOK
                } else {
                    HEARTBEAT
                };
                let nudged = tokio::time::timeout(look, told.changed()).await;
                idle += nudged.map_or(look, |_nudged| Duration::ZERO);
                if idle >= HEARTBEAT {
                    frames.push(Bytes::from_static(b": still here\n\n"));
                }
            }
            Err(error) => return End::Store(error),
        }
    }
}

/// The next page, as far as the reader wants it; none when there is nothing yet.
async fn next(gateway: &Gateway, reader: &mut Reader) -> Result<Option<Vec<Bytes>>, Error> {
    let customer = match &reader.only {
        None => None,
        Some(external_id) => match gateway.store.customer_by_external_id(external_id).await? {
            None => return Ok(None), // nobody Polar knows, so far
            known => known,
        },
    };
    let page = gateway
        .store
        .told_after(reader.after, customer.as_deref(), PAGE)
        .await?;
    let Some(last) = page.last() else {
        return Ok(None);
    };
    reader.after = last.position;
    let wanted = page.iter().filter(|told| wants(&reader.filter, told));
    Ok(Some(wanted.map(frame).collect()))
}

fn wants(filter: &Filter, told: &Told) -> bool {
    let products: Vec<String> = serde_json::from_str(&told.products).unwrap_or_default();
    filter.admits(&Subject {
        kind: &told.kind,
        customer: &told.customer,
        external_id: None,
        products: &products,
    })
}

/// One event: its position and id, its type, its bytes.
fn frame(told: &Told) -> Bytes {
    let mut frame = BytesMut::with_capacity(told.body.len() + told.id.len() + 64);
    let (id, kind) = (one_line(&told.id), one_line(&told.kind));
    let head = format!("id: {}/{id}\nevent: {kind}\n", told.position);
    frame.put_slice(head.as_bytes());
    // Between the values of JSON a line may break; within an event's field it may not.
    for line in told.body.split(|byte| matches!(byte, b'\n' | b'\r')) {
        frame.put_slice(b"data: ");
        frame.put_slice(line);
        frame.put_u8(b'\n');
    }
    frame.put_u8(b'\n');
    frame.freeze()
}

/// What ends a line, or makes readers pass over an id, is not said; the data says all of it.
fn one_line(field: &str) -> String {
    field.replace(['\r', '\n', '\0'], "\u{fffd}")
}

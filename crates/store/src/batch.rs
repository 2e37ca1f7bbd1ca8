//! Group commit: many callers each wait for one row, one writer commits them together.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Error;
use crate::engine::Engine;

/// Calls gathered into one commit, and rows of one statement; a power of two, see [`chunks`].
pub const BATCH_ROWS_MAX: usize = 512;
/// Calls that may wait for the writer; the next caller is refused with [`Error::Full`].
pub const QUEUE_CALLS_MAX: usize = 8_192;
/// Kibibytes that may wait for the writer, so that many large bodies cannot fill the memory.
pub const QUEUE_KIB_MAX: usize = 65_536;

/// Kibibytes from which on the writer is busy, some eight webhooks: one that comes alone is not.
const BUSY_KIB: usize = 32;

/// Writes the rows in one transaction and says, row by row, what became of each.
pub(crate) struct Writer<T, R> {
    pub(crate) name: &'static str,
    pub(crate) size: fn(&T) -> usize,
    pub(crate) write: for<'a> fn(&'a Engine, &'a [T]) -> Written<'a, R>,
}

pub(crate) type Written<'a, R> = Pin<Box<dyn Future<Output = Result<Vec<R>, Error>> + Send + 'a>>;

/// The callers' end of one writer.
#[derive(Debug)]
pub(crate) struct Batch<T, R> {
    queue: mpsc::Sender<Waiting<T, R>>,
    room: Arc<Semaphore>,
    size: fn(&T) -> usize,
    stop: CancellationToken,
}

impl<T, R> Clone for Batch<T, R> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            room: Arc::clone(&self.room),
            size: self.size,
            stop: self.stop.clone(),
        }
    }
}

/// One caller's rows: they become durable together, or not at all.
#[derive(Debug)]
struct Waiting<T, R> {
    rows: Vec<T>,
    answer: oneshot::Sender<Result<Vec<R>, Error>>,
    room: OwnedSemaphorePermit,
}

impl<T: Send + Sync + 'static, R: Send + 'static> Batch<T, R> {
    pub(crate) fn start(tasks: &TaskTracker, engine: Engine, writer: Writer<T, R>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_CALLS_MAX);
        let stop = CancellationToken::new();
        let size = writer.size;
        tasks.spawn(run(engine, writer, waiting, stop.clone()));
        Self {
            queue,
            room: Arc::new(Semaphore::new(QUEUE_KIB_MAX)),
            size,
            stop,
        }
    }

    /// Returns once the rows are durable, or why they are not.
    pub(crate) async fn put(&self, rows: Vec<T>) -> Result<Vec<R>, Error> {
        let bytes: usize = rows.iter().map(self.size).sum();
        let kib = u32::try_from(bytes / 1_024 + 1).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(kib);
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            rows,
            answer,
            room: room.map_err(|_none| self.refusal())?,
        };
        self.queue
            .try_send(waiting)
            .map_err(|_refused| self.refusal())?;
        answered.await.map_err(|_gone| Error::Closed)?
    }

    /// Whether the rows of several callers wait or are being written.
    pub(crate) fn is_busy(&self) -> bool {
        self.room.available_permits() < QUEUE_KIB_MAX - BUSY_KIB
    }

    /// Refuses new rows; what waits is still written.
    pub(crate) fn close(&self) {
        self.room.close();
        self.stop.cancel();
    }

    fn refusal(&self) -> Error {
        if self.room.is_closed() {
            Error::Closed
        } else {
            Error::Full
        }
    }
}

/// The writer's loop: take what waits, commit it, tell everyone.
async fn run<T: Send + Sync, R: Send>(
    engine: Engine,
    writer: Writer<T, R>,
    mut queue: mpsc::Receiver<Waiting<T, R>>,
    stop: CancellationToken,
) {
    let mut calls = Vec::with_capacity(BATCH_ROWS_MAX);
    loop {
        let taken = tokio::select! {
            taken = queue.recv_many(&mut calls, BATCH_ROWS_MAX) => taken,
            () = stop.cancelled(), if !queue.is_closed() => {
                queue.close(); // what was accepted before is still handed out
                continue;
            }
        };
        if taken == 0 {
            return;
        }
        commit(&engine, &writer, &mut calls).await;
    }
}

/// One transaction for all calls. When rows themselves are refused, each call is tried alone, so
/// that one bad row costs nobody else theirs.
async fn commit<T: Send + Sync, R: Send>(
    engine: &Engine,
    writer: &Writer<T, R>,
    calls: &mut Vec<Waiting<T, R>>,
) {
    let mut rows = Vec::with_capacity(calls.len());
    let mut callers = Vec::with_capacity(calls.len());
    for mut call in calls.drain(..) {
        callers.push((call.rows.len(), call.answer, call.room));
        rows.append(&mut call.rows);
    }
    match (writer.write)(engine, &rows).await {
        Ok(done) => {
            let mut done = done.into_iter();
            for (count, answer, _room) in callers {
                tell(answer, Ok(done.by_ref().take(count).collect()));
            }
        }
        Err(error) if error.is_about_the_data() && callers.len() > 1 => {
            let mut rest = rows.as_slice();
            for (count, answer, _room) in callers {
                let (own, others) = rest.split_at(count);
                rest = others;
                tell(answer, (writer.write)(engine, own).await);
            }
        }
        Err(error) => {
            tracing::error!(
                writer = writer.name,
                rows = rows.len(),
                ?error,
                "commit failed"
            );
            for (_, answer, _room) in callers {
                tell(answer, Err(error.clone()));
            }
        }
    }
}

/// The caller may have gone away meanwhile; its rows are as durable as the answer says.
fn tell<R>(caller: oneshot::Sender<Result<Vec<R>, Error>>, outcome: Result<Vec<R>, Error>) {
    drop(caller.send(outcome));
}

/// Cuts rows into pieces whose lengths are powers of two, so that only a handful of statement texts
/// exist and their preparation is cached.
pub(crate) fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = BATCH_ROWS_MAX.min(1 << rows.len().checked_ilog2()?);
        let (piece, rest) = rows.split_at_checked(length)?;
        rows = rest;
        Some(piece)
    })
}

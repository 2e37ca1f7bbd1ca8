//! Group commit: many callers each wait for one row, one writer commits them together.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Error;
use crate::crowd::Crowd;
use crate::engine::Engine;

/// Calls gathered into one commit, and rows of one statement; a power of two, see [`chunks`].
pub const BATCH_ROWS_MAX: usize = 512;
/// Calls that may wait for the writer; the next caller is refused with [`Error::Full`].
pub const QUEUE_CALLS_MAX: usize = 8_192;
/// Kibibytes that may wait for the writer, so that many large bodies cannot fill the memory.
pub const QUEUE_KIB_MAX: usize = 65_536;

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
    crowd: Arc<Crowd>,
}

impl<T, R> Clone for Batch<T, R> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            room: Arc::clone(&self.room),
            size: self.size,
            stop: self.stop.clone(),
            crowd: Arc::clone(&self.crowd),
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

/// The writer's end: what waits for it.
#[derive(Debug)]
pub(crate) struct Queue<T, R> {
    waiting: mpsc::Receiver<Waiting<T, R>>,
    calls: Vec<Waiting<T, R>>,
    stop: CancellationToken,
    crowd: Arc<Crowd>,
}

/// The calls of one commit.
#[derive(Debug)]
pub(crate) struct Group<T, R> {
    pub(crate) rows: Vec<T>,
    callers: Vec<Caller<R>>,
}

/// Who waits, for how many of the rows.
#[derive(Debug)]
struct Caller<R> {
    count: usize,
    answer: oneshot::Sender<Result<Vec<R>, Error>>,
    _room: OwnedSemaphorePermit,
}

impl<T: Send + Sync + 'static, R: Send + 'static> Batch<T, R> {
    /// A queue with a task that writes to the database.
    pub(crate) fn start(tasks: &TaskTracker, engine: Engine, writer: Writer<T, R>) -> Self {
        let (batch, mut queue) = Self::new(writer.size);
        tasks.spawn(async move {
            while let Some(group) = queue.next().await {
                commit(&engine, &writer, group).await;
            }
        });
        batch
    }

    /// A queue, and the end of whoever writes.
    pub(crate) fn new(size: fn(&T) -> usize) -> (Self, Queue<T, R>) {
        let (queue, waiting) = mpsc::channel(QUEUE_CALLS_MAX);
        let stop = CancellationToken::new();
        let crowd = Arc::new(Crowd::default());
        let end = Queue {
            waiting,
            calls: Vec::with_capacity(BATCH_ROWS_MAX),
            stop: stop.clone(),
            crowd: Arc::clone(&crowd),
        };
        let batch = Self {
            queue,
            room: Arc::new(Semaphore::new(QUEUE_KIB_MAX)),
            size,
            stop,
            crowd,
        };
        (batch, end)
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

    /// Whether many callers come, now or a moment ago.
    pub(crate) fn is_busy(&self) -> bool {
        self.crowd.was_there()
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

impl<T, R> Queue<T, R> {
    /// What waits, once anything does; none when the queue was closed and all is written.
    pub(crate) async fn next(&mut self) -> Option<Group<T, R>> {
        loop {
            let taken = tokio::select! {
                taken = self.waiting.recv_many(&mut self.calls, BATCH_ROWS_MAX) => taken,
                () = self.stop.cancelled(), if !self.waiting.is_closed() => {
                    self.waiting.close(); // what was accepted before is still handed out
                    continue;
                }
            };
            if self.crowd.was_there() {
                self.let_others_in().await;
            }
            self.crowd.came(self.calls.len());
            return (taken > 0).then(|| Group::of(self.calls.drain(..)));
        }
    }

    /// In a crowd others are about to call: a turn for them costs less than a commit of their own.
    async fn let_others_in(&mut self) {
        tokio::task::yield_now().await;
        while self.calls.len() < BATCH_ROWS_MAX
            && let Ok(call) = self.waiting.try_recv()
        {
            self.calls.push(call);
        }
    }
}

impl<T, R> Group<T, R> {
    fn of(calls: impl ExactSizeIterator<Item = Waiting<T, R>>) -> Self {
        let mut rows = Vec::with_capacity(calls.len());
        let mut callers = Vec::with_capacity(calls.len());
        for mut call in calls {
            callers.push(Caller {
                count: call.rows.len(),
                answer: call.answer,
                _room: call.room,
            });
            rows.append(&mut call.rows);
        }
        Self { rows, callers }
    }

    /// Tells every caller what became of its rows, all of which are durable.
    pub(crate) fn done(self, done: Vec<R>) {
        let mut done = done.into_iter();
        for caller in self.callers {
            let own = done.by_ref().take(caller.count).collect();
            tell(caller.answer, Ok(own));
        }
    }

    /// Tells every caller that nothing was written.
    pub(crate) fn failed(self, error: &Error) {
        for caller in self.callers {
            tell(caller.answer, Err(error.clone()));
        }
    }
}

/// One transaction for all calls. When rows themselves are refused, each call is tried alone, so
/// that one bad row costs nobody else theirs.
async fn commit<T: Send + Sync, R: Send>(
    engine: &Engine,
    writer: &Writer<T, R>,
    group: Group<T, R>,
) {
    match (writer.write)(engine, &group.rows).await {
        Ok(done) => group.done(done),
        Err(error) if error.is_about_the_data() && group.callers.len() > 1 => {
            let mut rest = group.rows.as_slice();
            for caller in group.callers {
                let (own, others) = rest.split_at(caller.count);
                rest = others;
                tell(caller.answer, (writer.write)(engine, own).await);
            }
        }
        Err(error) => {
            let (writer, rows) = (writer.name, group.rows.len());
            tracing::error!(writer, rows, ?error, "commit failed");
            group.failed(&error);
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

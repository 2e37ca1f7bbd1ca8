//! The same calls for code that doesn't await: `.wait()` on every operation, `.iter()` on every
//! list.
//!
//! ```no_run
//! # fn example(order: polarkit::model::OrderId) -> Result<(), Box<dyn std::error::Error>> {
//! let polar = polarkit::Polar::from_env()?;
//! let order = polar.orders().get(order).wait()?;
//! for product in polar.products().list().iter() {
//!     println!("{}", product?.name);
//! }
//! # Ok(()) }
//! ```
//!
//! The calls of a client and its clones run on one thread of their own, which begins with the
//! first and ends with the last clone. The caller's thread waits. It may belong to an async
//! runtime: nothing panics, and nothing is waited for that this thread would have to do, unless
//! the very server that is asked lives on it; then the call ends with its timeout. The thread has
//! a pool of connections of its own, apart from that of awaited calls, if the transport is the
//! default one; a transport given to the builder serves both.

use std::{
    fmt, io,
    iter::FusedIterator,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use futures_util::StreamExt as _;
use polarkit_model::read::ReadError;
use tokio::{
    runtime::{self, Handle},
    sync::{mpsc, oneshot},
};

use crate::{
    client::Polar,
    error::Error,
    operation::call,
    pages::Items,
    reply::Reply,
    request::Request,
    transport::{Transport, TransportError},
};

/// Where waited-for calls run.
pub(crate) struct Background {
    pub(crate) transport: Arc<dyn Transport>,
    thread: Mutex<Option<Thread>>,
}

/// A thread with a runtime; it ends when this is dropped.
struct Thread {
    runtime: Handle,
    _ends_when_dropped: oneshot::Sender<()>,
}

impl Background {
    pub(crate) fn new(transport: Arc<dyn Transport>) -> Self {
        Self {
            transport,
            thread: Mutex::default(),
        }
    }

    /// The runtime, begun if it isn't yet.
    fn runtime(&self) -> io::Result<Handle> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let running = match thread.take() {
            Some(running) => running,
            None => Thread::begin()?,
        };
        Ok(thread.insert(running).runtime.clone())
    }
}

impl Thread {
    fn begin() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let (sender, ended) = oneshot::channel::<()>();
        let run = move || drop(runtime.block_on(ended));
        thread::Builder::new()
            .name("polarkit".to_owned())
            .spawn(run)?;
        Ok(Self {
            runtime: handle,
            _ends_when_dropped: sender,
        })
    }
}

/// Sends a request and waits for what came of it.
pub(crate) fn wait<T: Send + 'static>(
    polar: &Polar,
    request: Request,
    read: fn(&Reply) -> Result<T, ReadError>,
) -> Result<T, Error> {
    let operation = request.operation;
    let there = polar.in_background();
    let job = async move { call(&there, request, read).await };
    let (sender, receiver) = sync_channel(1);
    begin(polar, operation, async move { answer(&sender, job.await) })?;
    receiver
        .recv()
        .unwrap_or_else(|_gone| Err(ended(operation)))
}

/// The items of a list, across its pages, for a loop that doesn't await. Asks for a page when its
/// first item is; an error ends it.
pub struct Iter<T> {
    /// Asks for one more; gone after the last.
    more: Option<mpsc::Sender<()>>,
    items: Receiver<Option<Result<T, Error>>>,
    operation: &'static str,
    /// Why it could not begin.
    failed: Option<Error>,
}

/// Iterates over what a client in the background streams.
pub(crate) fn iter<T: Send + 'static>(
    polar: &Polar,
    request: Request,
    stream: fn(&Polar, Request) -> Items<'_, T>,
) -> Iter<T> {
    let operation = request.operation;
    let there = polar.in_background();
    let (more, mut wanted) = mpsc::channel(1);
    let (sender, items) = sync_channel(1);
    let job = async move {
        let mut stream = stream(&there, request);
        while wanted.recv().await.is_some() {
            answer(&sender, stream.next().await);
        }
    };
    Iter {
        more: Some(more),
        items,
        operation,
        failed: begin(polar, operation, job).err(),
    }
}

impl<T> Iterator for Iter<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let more = self.more.take()?;
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let asked = more.try_send(()).is_ok();
        let item = self.items.recv().ok().filter(|_| asked);
        let item = item.unwrap_or_else(|| Some(Err(ended(self.operation))));
        if matches!(item, Some(Ok(_))) {
            self.more = Some(more);
        }
        item
    }
}

impl<T> FusedIterator for Iter<T> {}

impl<T> fmt::Debug for Iter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

fn begin(
    polar: &Polar,
    operation: &'static str,
    job: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let none = |error: io::Error| Error::Network {
        operation,
        source: TransportError::Unreached(error.into()),
    };
    let runtime = polar.shared.background.runtime().map_err(none)?;
    drop(runtime.spawn(job)); // it is heard of through its channel
    Ok(())
}

/// Never waits: there is one answer for each question. Nobody may be there to take it any more.
fn answer<T>(sender: &SyncSender<T>, answer: T) {
    drop(sender.try_send(answer));
}

fn ended(operation: &'static str) -> Error {
    Error::Network {
        operation,
        source: TransportError::Broken("the transport panicked".into()),
    }
}

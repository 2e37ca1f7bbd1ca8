//! What stands around the world: its lock, the clock it follows, and the task that works its agenda off.

mod post;
mod replace;
mod settle;
mod worker;
mod writer;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use polarkit_model::Clock;
use polarkit_spec::Method;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::post::Post;
use crate::face::Routes;
use crate::world::World;

pub use settle::{AdvanceError, Restless};

/// One running sandbox.
#[derive(Debug)]
pub(crate) struct Engine {
    world: Mutex<World>,
    /// True when somebody writes its changes down.
    kept: bool,
    clock: Arc<dyn Clock>,
    routes: Routes,
    /// Rung when there may be something to do.
    bell: Notify,
    /// Counts changes of the world, for whoever saves them.
    changes: watch::Sender<u64>,
    /// Counts those after which the world may be at rest, or have work again. A delivery that another
    /// follows at once is none of them.
    stirs: watch::Sender<u64>,
    /// Worlds put aside, by name.
    aside: Mutex<BTreeMap<String, Box<World>>>,
    /// Grows when the world is replaced, so that what was under way for the old one ends unheard.
    epoch: AtomicU64,
    /// Held by whoever moves the clock.
    travel: tokio::sync::Mutex<()>,
    post: Post,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Engine {
    pub(crate) fn new(
        world: World,
        clock: Arc<dyn Clock>,
        kept: bool,
        stop: CancellationToken,
    ) -> Self {
        Self {
            world: Mutex::new(world),
            kept,
            clock,
            routes: Routes::new(),
            bell: Notify::new(),
            changes: watch::Sender::new(0),
            stirs: watch::Sender::new(0),
            aside: Mutex::default(),
            epoch: AtomicU64::new(0),
            travel: tokio::sync::Mutex::new(()),
            post: Post::default(),
            tasks: TaskTracker::new(),
            stop,
        }
    }

    pub(crate) const fn routes(&self) -> &Routes {
        &self.routes
    }

    /// The world's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.read(World::now)
    }

    /// Looks at the world, at its present moment.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&World) -> R) -> R {
        look(&self.lock())
    }

    /// Lets an operation happen. What earlier calls left to do is done first, so that the same calls
    /// make the same world however the background task was scheduled. A read changes nothing.
    pub(crate) fn call<R>(&self, method: Method, act: impl FnOnce(&mut World) -> R) -> R {
        if method == Method::Get {
            let mut world = self.lock();
            let mut worked = false;
            while worker::work(&mut world) {
                worked = true;
            }
            let done = act(&mut world);
            drop(world);
            self.tell_if(worked);
            return done;
        }
        self.change(|world| {
            while worker::work(world) {}
            act(world)
        })
    }

    /// Changes the world and tells whoever waits for that.
    pub(crate) fn change<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        let done = act(&mut self.lock());
        self.tell();
        self.bell.notify_one();
        done
    }

    /// Tells everybody who waits that the world has changed.
    fn tell(&self) {
        self.changes.send_modify(|count| *count += 1);
        self.stirs.send_modify(|count| *count += 1);
    }

    /// Cancelled when the sandbox stops.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Every task it started, for whoever wants to wait for their end.
    pub(crate) const fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// A panic elsewhere leaves the world as it was at that line: better than no world.
    fn lock(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.follow(self.clock.now());
        world
    }
}

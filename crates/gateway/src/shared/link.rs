//! The connection: a command has little time, and none is tried while Redis does not answer.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use redis::aio::{MultiplexedConnection, PubSub};
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisError, RedisResult};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout};

use crate::keys::hex;

/// Longest a command may take; a caller waits meanwhile.
const COMMAND_MAX: Duration = Duration::from_millis(100);
/// Longest connecting may take; nobody waits meanwhile.
const CONNECT_MAX: Duration = Duration::from_secs(2);

pub(super) struct Link {
    client: Client,
    realm: String,
    began: Instant,
    open: RwLock<Option<MultiplexedConnection>>,
    /// Whether the last command was answered in time.
    answers: AtomicBool,
    /// When the newest beat that came back was sent, ms since `began`; 0 while none has.
    proved_at: AtomicU64,
}

impl Link {
    pub(super) fn new(url: &str, realm: String) -> Result<Self, RedisError> {
        Ok(Self {
            client: Client::open(url)?,
            realm,
            began: Instant::now(),
            open: RwLock::default(),
            answers: AtomicBool::new(false),
            proved_at: AtomicU64::new(0),
        })
    }

    /// Where something of this realm lies.
    pub(super) fn key(&self, what: &str) -> String {
        format!("polarkit:{}:{what}", self.realm)
    }

    /// The same, of something whose name nobody should read there.
    pub(super) fn hashed_key(&self, what: &str, name: &str) -> String {
        self.key(&format!("{what}:{}", hex(&Sha256::digest(name))))
    }

    /// Runs a command; `None` when Redis is away or too slow. Then no other is tried until it
    /// surely answers again.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        command: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Option<T> {
        if !self.answers.load(Ordering::Relaxed) {
            return None;
        }
        self.try_ask(command).await
    }

    /// The same, also to find out whether it answers again.
    pub(super) async fn try_ask<T: FromRedisValue>(
        &self,
        command: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Option<T> {
        let mut connection = self.connection()?;
        let error = match timeout(COMMAND_MAX, command(&mut connection)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "no answer in time".to_owned(),
        };
        if self.answers.swap(false, Ordering::Relaxed) {
            tracing::warn!(error, "Redis does not do as asked");
        }
        None
    }

    fn connection(&self) -> Option<MultiplexedConnection> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.clone()
    }

    /// Connects anew: for commands, and for listening.
    pub(super) async fn connect(&self) -> RedisResult<PubSub> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_MAX))
            .set_response_timeout(Some(COMMAND_MAX));
        let late = |_elapsed| RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        let commands = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let commands = timeout(CONNECT_MAX, commands).await.map_err(late)??;
        let listening = self.client.get_async_pubsub();
        let listening = timeout(CONNECT_MAX, listening).await.map_err(late)??;
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(commands);
        Ok(listening)
    }

    /// Redis is gone.
    pub(super) fn close(&self) {
        self.answers.store(false, Ordering::Relaxed);
        self.proved_at.store(0, Ordering::Relaxed);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What time it is for beats, ms; never 0.
    pub(super) fn beat(&self) -> u64 {
        let since = self.began.elapsed().as_millis();
        u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// A beat came back: whatever was announced before it was sent has arrived.
    pub(super) fn prove(&self, beat: u64) {
        self.proved_at.fetch_max(beat, Ordering::Relaxed);
        self.answers.store(true, Ordering::Relaxed);
    }

    /// Whether a beat that was sent so lately came back.
    pub(super) fn proved_within(&self, time: Duration) -> bool {
        let proved_at = self.proved_at.load(Ordering::Relaxed);
        let ago = Duration::from_millis(self.beat().saturating_sub(proved_at));
        proved_at > 0 && ago < time
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client knows the password.
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

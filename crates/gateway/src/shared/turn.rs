//! Turns that all nodes take from one line, so that a limit holds for them together.

use std::sync::LazyLock;

use jiff::SignedDuration;
use redis::Script;

use super::Shared;

/// One atomic step, by the server's clock.
static TURN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("turn.lua")));

/// What became of asking for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is this caller's, so far ahead.
    Taken(SignedDuration),
    /// It would be so far ahead, and was left alone.
    TooFar(SignedDuration),
}

impl Shared {
    /// Takes the next turn of a line if it is no further ahead than `most`; turns lie `every`
    /// apart. `None` when only this node's own line is left to hold the limit.
    pub(crate) async fn turn(
        &self,
        line: &str,
        every: SignedDuration,
        most: SignedDuration,
    ) -> Option<Turn> {
        let link = &self.0.as_ref()?.link;
        let mut call = TURN.key(link.hashed_key("turn", line));
        call.arg(micros(every)).arg(micros(most));
        let asked = link.ask(async |redis| call.invoke_async::<(u8, i64)>(redis).await);
        let (taken, ahead) = asked.await?;
        let ahead = SignedDuration::from_micros(ahead);
        Some(if taken == 1 {
            Turn::Taken(ahead)
        } else {
            Turn::TooFar(ahead)
        })
    }
}

fn micros(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

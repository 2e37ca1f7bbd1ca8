//! Calls that all nodes count together, so that a limit holds for them as for one.

use std::sync::LazyLock;

use jiff::SignedDuration;
use redis::Script;

use super::Shared;
use crate::keys::hex;
use crate::limit::{Limit, Name, Standing};

/// One atomic step, by the server's clock.
static WINDOW: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("now.lua"), include_str!("window.lua"))));

impl Shared {
    /// Takes one call of a limit; `None` when only this node's own count is left to hold it.
    pub(crate) async fn take(&self, limit: &Limit, caller: &Name) -> Option<Standing> {
        let link = &self.0.as_ref()?.link;
        let mut call = WINDOW.key(link.key(&format!("calls:{}", hex(caller))));
        call.arg(limit.calls).arg(limit.window());
        let asked = link.ask(async |redis| call.invoke_async::<(u8, u32, i64)>(redis).await);
        let (taken, left, next_in) = asked.await?;
        Some(Standing {
            taken: taken == 1,
            left,
            next_in: SignedDuration::from_micros(next_in),
        })
    }
}

//! Notices that this host's clock stepped back, so that nothing waits for the step as well.

use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::problem::chain;
use crate::time::pause;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A smaller step is waited out.
const NOTICED: SignedDuration = SignedDuration::from_secs(5);

/// Looks at the clock until told to stop.
pub(crate) async fn run(gateway: Gateway, stop: CancellationToken) {
    let mut latest = gateway.time.local();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = pause(LOOK_EVERY) => {}
        }
        let now = gateway.time.local();
        let back = latest.duration_since(now);
        if back <= NOTICED {
            latest = latest.max(now);
            continue;
        }
        let seconds = back.as_secs();
        tracing::warn!(seconds, "this host's clock went back");
        let micros = i64::try_from(back.as_micros()).unwrap_or(i64::MAX);
        match gateway
            .store
            .clock_went_back(now.as_microsecond(), micros)
            .await
        {
            Ok(()) => latest = now,
            Err(error) => tracing::error!(error = %chain(&error), "waits stay as long as they are"),
        }
    }
}

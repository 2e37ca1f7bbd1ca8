//! Writing a use down: durable before its answer ends, and never what makes an answer fail.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use http::StatusCode;

use crate::gateway::Gateway;
use crate::time::pause;
use crate::usage::{self, Use};

/// An answer waits no longer than this for its use to be written down; the writing goes on.
const ANSWER_WAITS_MAX: Duration = Duration::from_secs(5);
/// A store that cannot be reached is tried for so long.
const TRIED_FOR: Duration = Duration::from_mins(1);
const TRY_AGAIN: Duration = Duration::from_millis(250);
/// Uses held in memory while the store cannot be reached; one more is lost.
const HELD_MAX: usize = 10_000;

/// Begins to write a use down; what is given is over when it is durable, or will wait no longer.
pub(super) fn record(gateway: &Gateway, one: Use) -> BoxFuture<'static, ()> {
    let gateway = gateway.clone();
    if gateway.afterwards.writing.len() >= HELD_MAX {
        lost(&gateway, "too many uses wait for the store");
        return Box::pin(std::future::ready(()));
    }
    let written = gateway
        .afterwards
        .writing
        .spawn(write(gateway.clone(), one));
    Box::pin(async move {
        if tokio::time::timeout(ANSWER_WAITS_MAX, written)
            .await
            .is_err()
        {
            gateway.metrics.metered("late");
            tracing::warn!("an answer ends before its use is written down");
        }
    })
}

async fn write(gateway: Gateway, one: Use) {
    let until = Instant::now() + TRIED_FOR;
    loop {
        let Err(problem) = usage::record(&gateway, vec![Ok(one.clone())]).await else {
            return gateway.metrics.metered("counted");
        };
        let may_pass = problem.code().status() == StatusCode::SERVICE_UNAVAILABLE;
        if !may_pass || Instant::now() > until {
            return lost(&gateway, problem.code().name());
        }
        pause(TRY_AGAIN).await;
    }
}

fn lost(gateway: &Gateway, reason: &str) {
    gateway.metrics.metered("lost");
    tracing::error!(reason, "usage is lost");
}

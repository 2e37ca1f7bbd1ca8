//! Waiting for a condition, bounded, instead of sleeping and hoping.

use std::time::{Duration, Instant};

/// Long enough for a loaded machine; reaching it means the thing does not happen.
const PATIENCE: Duration = Duration::from_secs(45);

/// Asks until the answer is `Some`.
#[track_caller]
pub(crate) fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> impl Future<Output = T>
where
    F: Future<Output = Option<T>>,
{
    let caller = std::panic::Location::caller();
    async move {
        let began = Instant::now();
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{caller}: {what} did not happen"
            );
            pause(Duration::from_millis(30)).await;
        }
    }
}

/// A pause that is part of a story, such as a crash at a random moment.
#[expect(
    clippy::disallowed_methods,
    reason = "real processes live in real time"
)]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

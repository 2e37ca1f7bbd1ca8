//! Randomness with a seed: the same story gives the same ids.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Id;

/// A seeded source of ids, tokens and jitter. Its state is one number, so it is saved with the world.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    /// The source that `seed` begins.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A fresh random id.
    pub(crate) fn id<T>(&mut self) -> Id<T> {
        let mut bytes = [0; 16];
        self.with(|rng| rng.fill(&mut bytes));
        Id::new(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// A fresh random uuid that names no row.
    pub(crate) fn uuid(&mut self) -> Uuid {
        self.id::<()>().uuid()
    }

    /// `length` letters and digits.
    pub(crate) fn alphanumeric(&mut self, length: usize) -> String {
        self.with(|rng| (0..length).map(|_| rng.alphanumeric()).collect())
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.with(|rng| rng.i64(low..=high))
    }

    fn with<R>(&mut self, draw: impl FnOnce(&mut fastrand::Rng) -> R) -> R {
        let mut rng = fastrand::Rng::with_seed(self.state);
        let drawn = draw(&mut rng);
        self.state = rng.get_seed();
        drawn
    }
}

//! Polar's nouns as data: ids, money, open enums, shapes and webhook events.

pub mod clock;
pub mod patch;

pub use clock::Clock;
pub use patch::Patch;

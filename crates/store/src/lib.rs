//! Everything polarkit must not forget, on SQLite and on PostgreSQL: the only crate that knows SQL.
//!
//! [`Store`] is opened from a `DATABASE_URL`. One query text serves both engines; the few places
//! where they differ stand side by side. Instants are microseconds, ids are made by the caller, and
//! nothing here reads a clock.

mod alone;
mod api_key;
mod batch;
mod clock;
pub mod crash;
mod crowd;
mod delivered;
mod delivery;
mod doubt;
mod drift;
mod endpoint;
mod engine;
mod entitlement;
mod error;
mod file;
mod floating_seat;
mod idempotency;
mod inbox;
mod intake;
mod lease;
mod letter;
mod license;
mod license_lease;
mod mirror;
mod mirroring;
mod outbox;
mod owner;
mod reading;
mod reservation;
mod subscriber;
mod transfer;
mod usage;

pub use api_key::ApiKey;
pub use batch::{BATCH_ROWS_MAX, QUEUE_CALLS_MAX, QUEUE_KIB_MAX};
pub use delivered::{Delivery, DeliveryBacklog, Retellable, Shown};
pub use delivery::{Attempt, Lease, Leased, Settled};
pub use doubt::Doubt;
pub use drift::Drift;
pub use endpoint::Watched;
pub use engine::{Store, Tx};
pub use entitlement::{Entitlement, Expired};
pub use error::Error;
pub use floating_seat::{FloatingSeat, SeatTerm};
pub use idempotency::{Claim, Hold, Repeatable, Saved};
pub use inbox::{Arrival, Backlog, Fate, Listed, Waiting};
pub use intake::Mail;
pub use letter::{Again, Letter};
pub use license::{MirroredLicense, UnreadLicense};
pub use license_lease::{LeaseEnd, LeasedLicense, LeasesOf, LicenseLease, OtherMachines};
pub use mirror::{Essence, Key, Known, Object, Unseen, Version};
pub use outbox::{Line, Notice, Told};
pub use reading::Reading;
pub use reservation::{Account, Reservation};
pub use subscriber::{Standing, Subscriber};
pub use transfer::{Moved, Progress, Step, TransferError, transfer};
pub use usage::{Alike, Bundle, DeadUse, FIRST_MAX, Pending, UsageBacklog, UsageEvent, Verdict};

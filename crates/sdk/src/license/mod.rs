//! Licences on a machine without a network: a lease, signed by the gateway, is verified with its
//! public keys alone.
//!
//! A program fetches a lease while it can (`POST /api/license/lease` of the gateway), keeps its
//! text, and verifies it at every start. Nothing here waits, asks anyone or keeps anything.
//!
//! ```
//! use polarkit::license::{LicenseError, Mark, Verifier};
//! # use polarkit::{Clock as _, SystemClock, license::{Entitlements, Lease, SigningKey, key_hash, machine_hash}};
//! # let key = SigningKey::new()?;
//! # let now = SystemClock.now();
//! # let key_hash = key_hash("ACME-1234");
//! # let lease = Lease {
//! #     id: "lease_1".into(), organization: "acme".into(), issued_at: now, not_before: now,
//! #     expires_at: now + std::time::Duration::from_secs(3600), license: "l1".into(),
//! #     machine: machine_hash(&key_hash, "machine-7"), key_hash, activation: None,
//! #     entitlements: Entitlements { benefit: "b1".into(), ..Entitlements::default() },
//! # };
//! # let (jwks, token) = (key.public().jwks(), key.sign(&lease));
//! // What came with the program, or was read from `GET /api/license/keys`.
//! let verifier = Verifier::new(&jwks)?.organization("acme");
//! // The latest time seen, as it was kept the last time; nothing at the first start.
//! let mut mark: Mark = "".parse()?;
//!
//! match verifier.verify(&token, "machine-7", SystemClock.now(), &mut mark) {
//!     Ok(lease) => println!("good until {}", lease.expires_at),
//!     Err(LicenseError::Expired { at }) => println!("over since {at}: fetch a new one"),
//!     Err(refused) => println!("{refused}"),
//! }
//! let to_keep = mark.to_string();
//! # assert!(!to_keep.is_empty());
//! # assert!(matches!(verifier.verify(&token, "another", now, &mut mark), Err(LicenseError::OtherMachine)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a lease is
//!
//! A JWT (JWS compact, `alg` `EdDSA` over Ed25519, `kid` the key's RFC 7638 thumbprint), so that any
//! language verifies it: see `docs/examples/license` for Python and JavaScript. It says nothing
//! about a person. The licence key and the machine are in it as hashes ([`key_hash`],
//! [`machine_hash`]).
//!
//! # What it cannot do
//!
//! Whoever owns the machine owns its clock. A clock that is turned back is noticed by the [`Mark`],
//! which only helps as far as the machine's owner leaves it where it is kept; a clock that stands
//! still is noticed by nobody. What bounds both is the lease's end.

mod error;
mod key;
mod lease;
mod mark;
mod revocations;
mod seat;
mod statement;
mod verifier;

pub use self::{
    error::LicenseError,
    key::{KeyError, PublicKeys, SigningKey},
    lease::{Entitlements, Lease, key_hash, machine_hash},
    mark::{Mark, MarkError},
    revocations::{Revocations, Revoked},
    seat::{HeldSeat, Pool, Seat},
    statement::Statement,
    verifier::{TOLERANCE, Verifier},
};

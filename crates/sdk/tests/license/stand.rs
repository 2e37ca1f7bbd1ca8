//! A lease, a pool with a seat of it, and the keys they are signed with.

use polarkit::{
    Timestamp,
    license::{Entitlements, Lease, Pool, Seat, SigningKey, Verifier, key_hash, machine_hash},
};

pub(crate) const MACHINE: &str = "machine-7";
/// When the lease is given.
pub(crate) const GIVEN: i64 = 1_800_000_000;
/// How long it is good, in seconds.
pub(crate) const HOUR: i64 = 3_600;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub(crate) fn key() -> SigningKey {
    SigningKey::new().unwrap()
}

pub(crate) fn verifier(key: &SigningKey) -> Verifier {
    Verifier::new(&key.public().jwks()).unwrap()
}

/// An hour's lease on [`MACHINE`].
pub(crate) fn lease() -> Lease {
    let key_hash = key_hash("ACME-1234");
    Lease {
        id: "lease_1".to_owned(),
        organization: "acme".to_owned(),
        issued_at: at(GIVEN),
        not_before: at(GIVEN),
        expires_at: at(GIVEN + HOUR),
        license: "l1".to_owned(),
        machine: machine_hash(&key_hash, MACHINE),
        key_hash,
        activation: None,
        entitlements: entitlements(),
    }
}

/// An hour's pool for this server to hand out.
pub(crate) fn pool(server: &SigningKey, seats: u32) -> Pool {
    Pool {
        id: "pool_1".to_owned(),
        organization: "acme".to_owned(),
        issued_at: at(GIVEN),
        not_before: at(GIVEN),
        expires_at: at(GIVEN + HOUR),
        license: "l1".to_owned(),
        key_hash: key_hash("ACME-1234"),
        seats,
        server: server.public_text(),
        entitlements: entitlements(),
    }
}

/// One of its seats, taken by [`MACHINE`] for ten minutes.
pub(crate) fn seat(pool: &Pool) -> Seat {
    Seat {
        id: "seat_1".to_owned(),
        issued_at: at(GIVEN),
        expires_at: at(GIVEN + 600),
        pool: pool.id.clone(),
        machine: machine_hash(&pool.key_hash, MACHINE),
    }
}

fn entitlements() -> Entitlements {
    Entitlements {
        benefit: "b1".to_owned(),
        products: vec!["p1".to_owned()],
        features: [("seats".to_owned(), 5.into())].into(),
    }
}

//! What the rows of a table add up to, in whatever order they come.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::row::Cell;

/// How many rows, and the sum of their digests: a row that is missing, doubled or changed shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Checksum {
    rows: u64,
    sum: u128,
}

impl Checksum {
    pub(super) fn add(&mut self, row: &[Cell]) {
        let mut digest = Sha256::new();
        for cell in row {
            match cell {
                Cell::Null => digest.update([0]),
                Cell::Text(text) => part(&mut digest, 1, text.as_bytes()),
                Cell::Integer(number) => part(&mut digest, 2, &number.to_be_bytes()),
                Cell::Truth(truth) => part(&mut digest, 3, &[u8::from(*truth)]),
                Cell::Bytes(bytes) => part(&mut digest, 4, bytes),
            }
        }
        let digest: [u8; 32] = digest.finalize().into();
        let half = digest.first_chunk().copied().unwrap_or_default();
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(half));
        self.rows += 1;
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }
}

/// The length goes first, so that no two rows look alike by where their cells end.
fn part(digest: &mut Sha256, mark: u8, bytes: &[u8]) {
    digest.update([mark]);
    digest.update(bytes.len().to_be_bytes());
    digest.update(bytes);
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.sum)
    }
}

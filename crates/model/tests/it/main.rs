//! The nouns as a user of the crate meets them.

mod basics;

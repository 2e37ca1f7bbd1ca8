//! The proof that every operation asks what it should and reads what it gets.

pub(crate) mod calls;
pub(crate) mod check;
pub(crate) mod document;

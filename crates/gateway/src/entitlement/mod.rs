//! Entitlements: who may use what, and why. They follow from the mirror alone, so that any order
//! of the same deliveries ends in the same rows; and from the time, where access is bound in it.

#[cfg(test)]
mod algebra;
pub(crate) mod cause;
pub(crate) mod derive;
pub(crate) mod essence;
pub(crate) mod expiry;
pub(crate) mod grace;
pub(crate) mod mark;
mod name;
pub(crate) mod provisional;
mod seat;
pub(crate) mod standing;
pub(crate) mod verdict;
pub(crate) mod view;

//! Stories of selling: once, by subscription, with changes of mind.

mod dispute;
mod document;
mod draft;
mod dunning;
mod metering;
mod plan_change;
mod purchase;
mod refund;
mod refusal;
mod renewal;
pub(crate) mod stall;
mod states;
mod units;
mod wishes;
mod year;

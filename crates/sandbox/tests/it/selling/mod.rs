//! Stories of selling: once, by subscription, with changes of mind.

mod document;
mod draft;
mod plan_change;
mod purchase;
mod refusal;
mod renewal;
mod stall;
mod wishes;

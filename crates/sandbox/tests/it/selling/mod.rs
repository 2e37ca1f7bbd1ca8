//! Stories of selling: once, by subscription, with changes of mind.

mod plan_change;
mod purchase;
mod renewal;
mod stall;

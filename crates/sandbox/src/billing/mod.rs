//! The arithmetic of selling: billing cycles, discounts, tax and rounding. Pure rules, no rows.

mod address;
mod currency;
mod cycle;
mod money;
mod tax;
mod tax_id;

pub(crate) use address::{Address, AddressFields, AddressInput};
pub(crate) use currency::{maximum, minimum, spoken};
pub(crate) use cycle::{Cycle, Interval, anchor_day};
pub(crate) use money::{Bill, basis_points_of, share_to_even};
pub(crate) use tax::{Behavior, TaxLocation, TaxSetting};
pub(crate) use tax_id::tax_id;

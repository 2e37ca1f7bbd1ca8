//! Polar's nouns, one folder each: the row, its rules, its operations.

pub(crate) mod absent;
pub(crate) mod access_token;
pub(crate) mod benefit;
pub(crate) mod checkout;
pub(crate) mod custom_field;
pub(crate) mod customer;
pub(crate) mod customer_meter;
pub(crate) mod customer_state;
pub(crate) mod discount;
pub(crate) mod event;
pub(crate) mod grant;
pub(crate) mod license_key;
pub(crate) mod member;
pub(crate) mod meter;
pub(crate) mod order;
pub(crate) mod organization;
pub(crate) mod payment;
pub(crate) mod payment_method;
pub(crate) mod portal;
pub(crate) mod price;
pub(crate) mod product;
pub(crate) mod seat;
pub(crate) mod session;
pub(crate) mod subscription;
pub(crate) mod subscription_meter;
pub(crate) mod webhook;

//! The customer portal's API: what customers and their members see and do for themselves.

mod customer;
mod desk;
mod downloadables;
mod email_update;
mod grants;
mod license_keys;
mod login;
mod members;
mod meters;
mod orders;
mod organization;
mod pay;
mod payment_methods;
mod seats;
mod session;
mod subscriptions;
mod visitor;

pub(crate) use desk::{AddressChange, CardSetup, Login};
use visitor::Visitor;

use crate::call::Handler;

/// The operations that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("customer_portal:benefit-grants:list", grants::list),
    ("customer_portal:benefit-grants:get", grants::get),
    ("customer_portal:benefit-grants:update", grants::update),
    ("customer_portal:customers:get", customer::get),
    ("customer_portal:customers:update", customer::update),
    (
        "customer_portal:customers:list_payment_methods",
        payment_methods::list,
    ),
    (
        "customer_portal:customers:add_payment_method",
        payment_methods::add,
    ),
    (
        "customer_portal:customers:confirm_payment_method",
        payment_methods::confirm,
    ),
    (
        "customer_portal:customers:request_email_update",
        email_update::request,
    ),
    (
        "customer_portal:customers:check_email_update",
        email_update::check,
    ),
    (
        "customer_portal:customers:verify_email_update",
        email_update::verify,
    ),
    (
        "customer_portal:customers:delete_payment_method",
        payment_methods::delete,
    ),
    ("customer_portal:customer_meters:list", meters::list),
    ("customer_portal:customer_meters:get", meters::get),
    ("customer_portal:customer-session:request", login::request),
    (
        "customer_portal:customer-session:authenticate",
        login::authenticate,
    ),
    (
        "customer_portal:customer-session:introspect",
        session::introspect,
    ),
    (
        "customer_portal:customer-session:get_authenticated_user",
        session::user,
    ),
    ("customer_portal:downloadables:list", downloadables::list),
    ("customer_portal:license_keys:list", license_keys::list),
    ("customer_portal:license_keys:get", license_keys::get),
    ("customer_portal:license_keys:rotate", license_keys::rotate),
    ("customer_portal:members:list_members", members::list),
    ("customer_portal:members:add_member", members::add),
    ("customer_portal:members:update_member", members::update),
    ("customer_portal:members:remove_member", members::remove),
    ("customer_portal:orders:confirm_retry_payment", pay::handle),
    ("customer_portal:orders:list", orders::list),
    ("customer_portal:orders:get", orders::get),
    ("customer_portal:orders:update", orders::update),
    (
        "customer_portal:orders:generate_invoice",
        orders::generate_invoice,
    ),
    ("customer_portal:orders:invoice", orders::invoice),
    ("customer_portal:orders:receipt", orders::receipt),
    (
        "customer_portal:orders:get_payment_status",
        orders::payment_status,
    ),
    ("customer_portal:organizations:get", organization::get),
    ("customer_portal:seats:list_seats", seats::list),
    ("customer_portal:seats:assign_seat", seats::assign),
    ("customer_portal:seats:revoke_seat", seats::revoke),
    ("customer_portal:seats:resend_invitation", seats::resend),
    (
        "customer_portal:seats:list_claimed_subscriptions",
        seats::subscriptions,
    ),
    (
        "customer_portal:subscriptions:charge_preview",
        subscriptions::charge_preview,
    ),
    ("customer_portal:subscriptions:list", subscriptions::list),
    ("customer_portal:subscriptions:get", subscriptions::get),
    (
        "customer_portal:subscriptions:update",
        subscriptions::update,
    ),
    (
        "customer_portal:subscriptions:cancel",
        subscriptions::cancel,
    ),
];

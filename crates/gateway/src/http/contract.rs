//! The contract the gateway keeps, gathered from its routes.

use utoipa::Modify;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::{
    checkout, customer, dead_letter, entitlement, health, inbox, lease, license, portal, reconcile,
    reservation, stream, subscriber, usage, webhook,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Polar Integration API",
        version = "1.0.0",
        description = "Checkouts, webhooks, entitlements, usage and licences on Polar",
        license(name = "MIT OR Apache-2.0"),
    ),
    paths(
        health::greet,
        health::health,
        health::ready,
        checkout::create,
        checkout::details,
        checkout::confirm::ask,
        portal::open,
        webhook::take,
        license::validate,
        license::activate,
        license::deactivate,
        lease::give,
        lease::pool,
        lease::keys,
        lease::revocations,
        entitlement::list,
        entitlement::check::check,
        entitlement::why::why,
        customer::show,
        customer::resolve::find_or_create,
        usage::track,
        usage::balance,
        reservation::reserve,
        reservation::commit,
        reservation::release,
        inbox::list,
        inbox::letter::show,
        inbox::replay::one,
        inbox::replay::many,
        dead_letter::list,
        dead_letter::revive,
        reconcile::status,
        reconcile::start,
        reconcile::drift,
        subscriber::list,
        subscriber::change::create,
        subscriber::show,
        subscriber::change::update,
        subscriber::delete,
        subscriber::change::enable,
        subscriber::change::disable,
        subscriber::secret::rotate,
        subscriber::trial::send,
        subscriber::delivery::list,
        subscriber::replay::start,
        stream::read,
    ),
    modifiers(&Bearer),
)]
pub(super) struct Contract;

/// A server key, or a user's own token.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

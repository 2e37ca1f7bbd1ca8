//! Routes that Polar serves without documenting them. Each is modelled on a documented one.

use std::sync::LazyLock;

use polarkit_spec::{Method, Operation};

/// The documented operation it is like, its own id, its method and path. None has a body.
const LIKE: &[(&str, &str, Method, &str)] = &[
    (
        "checkouts:client_get",
        "checkout-links:redirect",
        Method::Get,
        "/v1/checkout-links/{client_secret}/redirect",
    ),
    (
        "license_keys:update",
        "license_keys:rotate",
        Method::Post,
        "/v1/license-keys/{id}/rotate",
    ),
    (
        "customer_portal:license_keys:get",
        "customer_portal:license_keys:rotate",
        Method::Post,
        "/v1/customer-portal/license-keys/{id}/rotate",
    ),
    (
        "subscriptions:get",
        "subscriptions:charge_preview",
        Method::Get,
        "/v1/subscriptions/{id}/charge-preview",
    ),
];

/// Their descriptions, as facts.
pub(super) fn operations() -> &'static [Operation] {
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let known = &polarkit_spec::facts().operations;
        let like = |(model, id, method, path): &(&str, &str, Method, &str)| {
            let model = known.iter().find(|operation| operation.id == *model)?;
            Some(Operation {
                id: (*id).to_owned(),
                method: *method,
                path: (*path).to_owned(),
                body: None,
                ..model.clone()
            })
        };
        LIKE.iter().filter_map(like).collect()
    });
    &OPERATIONS
}

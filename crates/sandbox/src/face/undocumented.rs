//! Routes that Polar serves without documenting them. Each is modelled on a documented one.

use std::sync::LazyLock;

use polarkit_spec::Operation;

/// The documented operation it is like, its own id, its path.
const LIKE: &[(&str, &str, &str)] = &[
    (
        "checkouts:client_get",
        "checkout-links:redirect",
        "/v1/checkout-links/{client_secret}/redirect",
    ),
    (
        "subscriptions:get",
        "subscriptions:charge_preview",
        "/v1/subscriptions/{id}/charge-preview",
    ),
];

/// Their descriptions, as facts.
pub(super) fn operations() -> &'static [Operation] {
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let known = &polarkit_spec::facts().operations;
        let like = |(model, id, path): &(&str, &str, &str)| {
            let model = known.iter().find(|operation| operation.id == *model)?;
            Some(Operation {
                id: (*id).to_owned(),
                path: (*path).to_owned(),
                ..model.clone()
            })
        };
        LIKE.iter().filter_map(like).collect()
    });
    &OPERATIONS
}

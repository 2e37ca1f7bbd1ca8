//! Routes that Polar serves without documenting them. Each is modelled on a documented one.

use std::sync::LazyLock;

use polarkit_spec::{
    Additional, Body, Field, Kind, Method, ObjectRule, Operation, Reply, Shape, StringRule,
};

/// The documented operation it is like, its own id, its method and path.
const LIKE: &[(&str, &str, Method, &str)] = &[
    (
        "checkouts:client_get",
        "checkout-links:redirect",
        Method::Get,
        "/v1/checkout-links/{client_secret}/redirect",
    ),
    (
        "checkouts:client_get",
        "checkouts:client_stream",
        Method::Get,
        "/v1/checkouts/client/{client_secret}/stream",
    ),
    (
        "checkouts:client_update",
        "checkouts:client_opened",
        Method::Post,
        "/v1/checkouts/client/{client_secret}/opened",
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
    (
        "customer_portal:subscriptions:get",
        "customer_portal:subscriptions:charge_preview",
        Method::Get,
        "/v1/customer-portal/subscriptions/{id}/charge-preview",
    ),
    (
        "customer_portal:license_keys:validate",
        "customer_portal:customer-session:request",
        Method::Post,
        "/v1/customer-portal/customer-session/request",
    ),
    (
        "customer_portal:license_keys:validate",
        "customer_portal:customer-session:authenticate",
        Method::Post,
        "/v1/customer-portal/customer-session/authenticate",
    ),
];

/// A field's name, its format, and whether it must be there.
type BodyField = (&'static str, &'static str, bool);

/// The fields of those that have a body.
const BODIES: &[(&str, &[BodyField])] = &[
    ("checkouts:client_opened", &[("distinct_id", "", false)]),
    (
        "customer_portal:customer-session:request",
        &[
            ("email", "email", true),
            ("organization_id", "uuid4", true),
            ("customer_id", "uuid4", false),
        ],
    ),
    (
        "customer_portal:customer-session:authenticate",
        &[("code", "", true)],
    ),
];

fn body(id: &str) -> Option<Body> {
    let (_, fields) = BODIES.iter().find(|(known, _)| *known == id)?;
    let fields = fields.iter().map(|(name, format, required)| {
        let text = Kind::String(StringRule {
            format: Some((*format).to_owned()).filter(|format| !format.is_empty()),
            ..StringRule::default()
        });
        let shape = Shape {
            nullable: !required,
            ..Shape::of(text)
        };
        Field::new(*name, *required, shape)
    });
    let rule = ObjectRule {
        fields: fields.collect(),
        additional: Additional::Unsaid,
    };
    Some(Body {
        content_type: "application/json".to_owned(),
        required: true,
        shape: Shape::of(Kind::Object(rule)),
    })
}

/// Asking for a code is answered before the letter is written.
fn success(id: &str, model: &Operation) -> Reply {
    let mut success = model.success.clone();
    if id == "customer_portal:customer-session:request" {
        success.status = 202;
    }
    success
}

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
                body: body(id),
                success: success(id, model),
                ..model.clone()
            })
        };
        LIKE.iter().filter_map(like).collect()
    });
    &OPERATIONS
}

//! The facts against what is known of the service by other ways.

use std::collections::BTreeSet;

use polarkit_spec::{
    Additional, Kind, Location, Method, ParameterStyle, Shape, event, facts, operation, shape,
};

#[test]
fn nothing_is_missing() {
    assert_eq!(facts().operations.len(), 186);
    assert_eq!(facts().events.len(), 42); // 41 of the document, one newer
    assert_eq!(facts().shapes.len(), 1011); // one of them ours
    assert_eq!(facts().versions, ["2026-04", "2026-10"]);
    assert_eq!(facts().default_version, "2026-04");
    assert_eq!(
        facts()
            .operations
            .iter()
            .filter(|o| o.pagination.is_some())
            .count(),
        37
    );
}

#[test]
fn ids_and_routes_are_unique() {
    let ids: BTreeSet<_> = facts().operations.iter().map(|o| &o.id).collect();
    let routes: BTreeSet<_> = facts()
        .operations
        .iter()
        .map(|o| (o.method.as_str(), &o.path))
        .collect();
    assert_eq!((ids.len(), routes.len()), (186, 186));
}

#[test]
fn an_operation_keeps_its_contract() {
    let list = operation("orders:list").expect("known");
    assert_eq!(
        (list.method, list.path.as_str()),
        (Method::Get, "/v1/orders/")
    );
    assert_eq!(list.auth, ["oidc", "pat", "oat"]);
    assert_eq!(list.scopes, ["orders:read"]);
    let checkouts = operation("checkouts:list").expect("known");
    assert_eq!(checkouts.scopes, ["checkouts:read", "checkouts:write"]);
    assert_eq!(list.subjects, ["Organization", "User"]);
    assert_eq!(list.success.status, 200);
    let metadata = list
        .query_parameters()
        .find(|p| p.name == "metadata")
        .expect("known");
    assert_eq!(metadata.style, Some(ParameterStyle::DeepObject));

    let create = operation("checkouts:create").expect("known");
    assert_eq!(create.success.status, 201);
    let body = create.body.as_ref().expect("takes a body");
    assert_eq!(
        (body.content_type.as_str(), body.required),
        ("application/json", true)
    );
}

#[test]
fn path_parameters_are_the_ones_in_the_path() {
    for operation in &facts().operations {
        let written: BTreeSet<_> = operation
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let said: BTreeSet<_> = operation
            .path_parameters()
            .map(|p| p.name.as_str())
            .collect();
        assert_eq!(written, said, "{}", operation.id);
        assert!(
            operation
                .parameters
                .iter()
                .all(|p| p.location != Location::Path || p.required),
            "{}",
            operation.id
        );
    }
}

#[test]
fn an_anonymous_operation_asks_for_nothing() {
    let validate = operation("customer_portal:license_keys:validate").expect("known");
    assert!(validate.auth.is_empty() && validate.scopes.is_empty());
}

#[test]
fn a_receipt_may_be_pending() {
    assert_eq!(
        operation("orders:receipt").expect("known").pending,
        Some(202)
    );
    assert_eq!(operation("orders:invoice").expect("known").pending, None);
}

#[test]
fn constraints_survive() {
    let Kind::Object(create) = &shape("EventCreateCustomer").expect("known").kind else {
        panic!("an object")
    };
    let name = create.field("name").expect("known");
    let Kind::String(rule) = &name.shape.kind else {
        panic!("text")
    };
    assert!(name.required);
    assert_eq!(rule.max_length, Some(128));
    let external = create.field("external_id").expect("known");
    assert!(external.shape.nullable && !external.required);

    let page = operation("orders:list").expect("known");
    let page = page
        .query_parameters()
        .find(|p| p.name == "page")
        .expect("known");
    let Kind::Integer(rule) = &page.shape.kind else {
        panic!("a whole number")
    };
    assert_eq!(rule.exclusive_minimum, Some(0));
    assert_eq!(page.shape.default, Some(1.into()));
}

#[test]
fn subscription_updates_refuse_unknown_fields() {
    let Kind::Object(cancel) = &shape("SubscriptionCancel").expect("known").kind else {
        panic!("an object")
    };
    assert_eq!(cancel.additional, Additional::Forbidden);
}

#[test]
fn a_union_keeps_order_and_discriminator() {
    let Kind::Union(price) = &shape("ProductPrice").expect("known").kind else {
        panic!("a union")
    };
    assert_eq!(price.discriminator.as_deref(), Some("amount_type"));
    let names = price.branches.iter().map(|branch| match &branch.kind {
        Kind::Reference(name) => name.as_str(),
        other => panic!("not a reference: {other:?}"),
    });
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "ProductPriceFixed",
            "ProductPriceCustom",
            "ProductPriceSeatBased",
            "ProductPriceMeteredUnit"
        ]
    );
    assert!(
        price
            .mapping
            .contains(&("metered_unit".into(), "ProductPriceMeteredUnit".into()))
    );
}

#[test]
fn every_reference_leads_somewhere() {
    for (name, shape) in &facts().shapes {
        walk(shape, &mut |shape| {
            if let Kind::Reference(target) = &shape.kind {
                assert!(facts().shape(target).is_some(), "{name} → {target}");
            }
        });
    }
    for operation in &facts().operations {
        for error in &operation.errors {
            for name in &error.shapes {
                assert!(facts().shape(name).is_some(), "{} → {name}", operation.id);
            }
        }
    }
}

#[test]
fn newer_events_and_fields_are_added() {
    assert_eq!(
        event("subscription.migrated").expect("known").data,
        "Subscription"
    );
    assert_eq!(event("order.paid").expect("known").data, "Order");
    let Kind::Object(payload) = &shape("WebhookOrderPaidPayload").expect("known").kind else {
        panic!("an object")
    };
    assert!(!payload.field("api_version").expect("added").required);
}

#[test]
fn no_prose_is_copied() {
    let text = include_str!("../../facts.json");
    for prose in ["description\":\"", "summary", "x-codeSamples", "examples"] {
        assert!(!text.contains(prose), "{prose}");
    }
}

fn walk(shape: &Shape, visit: &mut impl FnMut(&Shape)) {
    visit(shape);
    match &shape.kind {
        Kind::List(list) => walk(&list.items, visit),
        Kind::Tuple(items) => items.iter().for_each(|item| walk(item, visit)),
        Kind::Map(map) => walk(&map.values, visit),
        Kind::Object(object) => {
            object
                .fields
                .iter()
                .for_each(|field| walk(&field.shape, visit));
        }
        Kind::Union(union) => union.branches.iter().for_each(|branch| walk(branch, visit)),
        _ => {}
    }
}

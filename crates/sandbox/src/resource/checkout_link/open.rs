//! `GET /v1/checkout-links/{client_secret}/redirect`: somebody follows the link.

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{CheckoutLink, embed};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::query::Query;
use crate::reply::Reply;
use crate::resource::checkout::{self, Opening, Wishes};
use crate::resource::organization;
use crate::resource::product::Visibility;
use crate::world::{Id, World};

/// Parameters that become the session's fields.
const FIELDS: &[&str] = &[
    "product_id",
    "amount",
    "customer_email",
    "customer_name",
    "discount_code",
    "locale",
    "embed_origin",
];

/// Parameters that become the session's metadata, unless the link has them already.
const METADATA: &[&str] = &[
    "reference_id",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
];

/// Before the name of a custom field.
const CUSTOM: &str = "custom_field_data.";

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let secret = call.text("client_secret")?;
    let link = world
        .checkout_links
        .of(secret)
        .find(|row| row.client_secret == secret && row.deleted_at.is_none())
        .filter(|row| organization::capabilities(world, row.organization).api_access)
        .ok_or_else(Failure::not_found)?
        .clone();
    let opening = opening(world, &link, &call.query)?;
    let id = checkout::open_from_link(world, link.organization, opening)?;
    let session = world.checkouts.get(id)?;
    let mut address = format!("{}/checkout/{}", world.base_url, session.client_secret);
    let rest = rest(&call.query, &session.custom_field_data);
    if !rest.is_empty() {
        address = format!("{address}?{rest}");
    }
    Ok(Reply::Redirect(address))
}

/// The session as the link's maker and its visitor want it.
fn opening(world: &World, link: &CheckoutLink, query: &Query) -> Result<Opening, Failure> {
    let organization = world.organizations.get(link.organization)?;
    let embed_origin = match filled(query, "embed_origin") {
        Some(page) => embed::allowed(&page, &organization.embed_hosts)?,
        None => None,
    };
    let products: Vec<_> = link
        .products
        .iter()
        .filter_map(|id| world.products.find(*id))
        .filter(|row| !row.archived && row.visibility != Visibility::Draft)
        .map(|row| row.id)
        .collect();
    if products.is_empty() {
        let ids: Vec<Value> = link
            .products
            .iter()
            .map(|id| id.to_string().into())
            .collect();
        let flaw = Flaw::field("products", "No valid products.", ids);
        return Err(Failure::refused(flaw));
    }
    let mut metadata: Map<String, Value> = METADATA
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), filled(query, name)?.into())))
        .collect();
    metadata.extend(link.metadata.clone());
    Ok(Opening {
        products,
        allow_discount_codes: link.allow_discount_codes,
        require_billing_address: link.require_billing_address,
        discount: link.discount,
        seats: link.seats,
        units: link.units,
        success_url: link.success_url.clone(),
        return_url: link.return_url.clone(),
        embed_origin,
        trial: link.trial,
        metadata,
        wishes: wishes(query),
    })
}

/// What the visitor asks for in the address.
fn wishes(query: &Query) -> Wishes {
    let answers = query.pairs();
    let answers = answers
        .filter_map(|(name, value)| Some((name.strip_prefix(CUSTOM)?.to_owned(), value.into())));
    Wishes {
        product: filled(query, "product_id").and_then(|id| Id::parse(&id)),
        amount: filled(query, "amount").and_then(|amount| whole(&amount)),
        email: filled(query, "customer_email").filter(|email| is_email(email)),
        name: filled(query, "customer_name"),
        discount_code: filled(query, "discount_code"),
        locale: filled(query, "locale"),
        answers: answers.collect(),
    }
}

/// A parameter that says something.
fn filled(query: &Query, name: &str) -> Option<String> {
    let text = query.get(name)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A number without what stands behind its point.
fn whole(text: &str) -> Option<i64> {
    let number: rust_decimal::Decimal = text.parse().ok()?;
    number.trunc().try_into().ok()
}

/// A name, an at sign, a host with a dot.
fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
}

/// Parameters that became no field of the session go on to the checkout page.
fn rest(query: &Query, answers: &Map<String, Value>) -> String {
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query.pairs() {
        let answered = name
            .strip_prefix(CUSTOM)
            .is_some_and(|slug| answers.contains_key(slug));
        if !FIELDS.contains(&name) && !answered {
            rest.append_pair(name, value);
        }
    }
    rest.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_became_no_field_goes_on() {
        let pairs = [
            ("amount", "500"),
            ("utm_source", "news letter"),
            ("custom_field_data.size", "L"),
            ("custom_field_data.other", "1"),
            ("theme", "dark"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let query = Query::new(pairs.to_vec());
        let Value::Object(answers) = json!({"size": "L"}) else {
            panic!("answers are an object")
        };
        assert_eq!(
            rest(&query, &answers),
            "utm_source=news+letter&custom_field_data.other=1&theme=dark"
        );
    }

    #[test]
    fn amounts_lose_their_fraction() {
        let cases = [
            ("500", Some(500)),
            ("12.9", Some(12)),
            ("x", None),
            ("-3", Some(-3)),
        ];
        for (text, wanted) in cases {
            assert_eq!(whole(text), wanted, "{text}");
        }
    }
}

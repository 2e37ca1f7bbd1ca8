//! A checkout session as the API shows it: to its seller, to its buyer, and to a buyer who has confirmed.

use super::Checkout;
use crate::billing::{AddressFields, Behavior};
use crate::render::{Json, Object, object};
use crate::resource::{custom_field, discount, organization, price, product};
use crate::world::World;

/// The place in a success URL that is filled with the checkout's id; some senders escape the braces.
const ID_PLACES: [&str; 2] = ["{CHECKOUT_ID}", "%7BCHECKOUT_ID%7D"];

/// The session as its seller sees it.
pub(crate) fn render(world: &World, checkout: &Checkout) -> Json {
    let session = object!({
        ..render_session(world, checkout),
        "trial_interval": checkout.trial.map(|trial| trial.interval),
        "trial_interval_count": checkout.trial.map(|trial| trial.count),
        "metadata": checkout.metadata,
        "external_customer_id": checkout.external_customer_id,
        // Deprecated, still sent.
        "customer_external_id": checkout.external_customer_id,
    });
    object!({
        ..session,
        ..render_offers(world, checkout),
        "subscription_id": checkout.subscription.or(checkout.upgrades),
        "customer_metadata": checkout.customer_metadata,
    })
}

/// The session as whoever holds its secret sees it.
pub(crate) fn render_public(world: &World, checkout: &Checkout) -> Json {
    let seller = world.organizations.find(checkout.organization);
    object!({
        ..render_session(world, checkout),
        ..render_offers(world, checkout),
        "organization": seller.map(organization::render_brief),
    })
}

/// The session in the answer to a confirmation, with the buyer's key to the portal.
pub(super) fn render_confirmed(world: &World, checkout: &Checkout, token: Option<&str>) -> Json {
    object!({..render_public(world, checkout), "customer_session_token": token})
}

fn render_session(world: &World, checkout: &Checkout) -> Json {
    let bill = checkout.bill;
    let trial = checkout.active_trial(world);
    let needs = checkout.needs(world);
    object!({
        ..render_buyer(checkout),
        "id": checkout.id,
        "created_at": checkout.created_at,
        "modified_at": checkout.modified_at,
        "custom_field_data": checkout.custom_field_data,
        "payment_processor": "stripe",
        "status": checkout.status,
        "client_secret": checkout.client_secret,
        "url": format!("{}/checkout/{}", world.base_url, checkout.client_secret),
        "expires_at": checkout.expires_at,
        "success_url": success_url(world, checkout),
        "return_url": checkout.return_url,
        "embed_origin": checkout.embed_origin,
        "amount": bill.amount,
        "seats": checkout.seats,
        "min_seats": checkout.min_seats,
        "max_seats": checkout.max_seats,
        "units": checkout.units,
        "min_units": checkout.min_units,
        "max_units": checkout.max_units,
        "discount_amount": bill.discount,
        "net_amount": bill.net,
        "tax_amount": bill.tax,
        "tax_behavior": bill.behavior.map(Behavior::word),
        "total_amount": bill.total,
        "currency": checkout.currency,
        "allow_trial": checkout.allow_trial,
        "active_trial_interval": trial.map(|trial| trial.interval),
        "active_trial_interval_count": trial.map(|trial| trial.count),
        "trial_end": checkout.trial_end,
        "organization_id": checkout.organization,
        "product_id": checkout.product,
        // Deprecated, still sent.
        "product_price_id": checkout.price(world).map(|price| price.id),
        "discount_id": checkout.discount,
        "allow_discount_codes": checkout.allow_discount_codes,
        "require_billing_address": checkout.require_billing_address,
        "is_discount_applicable": needs.discountable,
        "is_free_product_price": needs.free,
        "is_payment_required": needs.payment,
        "is_payment_setup_required": needs.setup,
        "is_payment_form_required": needs.form(),
        "customer_id": checkout.customer,
    })
}

fn render_buyer(checkout: &Checkout) -> Json {
    let buyer = &checkout.buyer;
    let address = buyer.billing_address.as_ref();
    let country = address.map(|address| address.country.as_str());
    let asked = AddressFields::of(country, checkout.needs_whole_address()).words();
    let (mut words, mut flags) = (Object::begin(), Object::begin());
    for (name, word) in asked {
        words.put_named(name, &word);
        flags.put_named(name, &(word == "required"));
    }
    object!({
        "is_business_customer": buyer.is_business,
        "customer_name": buyer.name,
        "customer_email": buyer.email,
        "customer_ip_address": buyer.ip_address,
        "customer_billing_name": buyer.billing_name,
        "customer_billing_address": address,
        "customer_tax_id": buyer.tax_id.as_ref().map(|tax_id| &tax_id.0),
        "locale": buyer.locale,
        "payment_method_type": checkout.payment_method_type,
        "payment_processor_metadata": render_processor(checkout),
        // Deprecated, still sent.
        "customer_billing_address_fields": flags.end(),
        "billing_address_fields": words.end(),
    })
}

/// What a page needs to speak to the payment processor, under the processor's own names.
fn render_processor(checkout: &Checkout) -> Json {
    let mut shown = Object::begin();
    shown.put_named("publishable_key", &"pk_test_sandbox");
    if let Some(customer) = checkout
        .customer
        .filter(|_| checkout.intent_status.is_some() || checkout.is_confirmed())
    {
        let name = customer.uuid().simple().to_string();
        let name: String = name.chars().take(14).collect();
        shown.put_named("customer_id", &format!("cus_{name}"));
    }
    if let Some(secret) = &checkout.intent_secret {
        shown.put_named("intent_client_secret", secret);
    }
    if let Some(status) = &checkout.intent_status {
        shown.put_named("intent_status", status);
    }
    shown.end()
}

fn render_offers(world: &World, checkout: &Checkout) -> Json {
    let offers: Vec<_> = checkout
        .offers
        .iter()
        .filter_map(|offer| Some((world.products.find(offer.product)?, offer)))
        .collect();
    let products: Vec<_> = offers
        .iter()
        .map(|(row, offer)| product::render_offer(world, row, &offer.prices))
        .collect();
    let mut prices = Object::begin();
    for (row, offer) in &offers {
        let shown = product::render_prices(world, &offer.prices);
        prices.put_named(&row.id.to_string(), &shown);
    }
    let selected = offers.iter().find(|(row, _)| row.id == checkout.product);
    let fields = selected.map(|(row, _)| custom_field::render_attached(world, &row.custom_fields));
    object!({
        "products": products,
        "product": selected.map(|(row, offer)| product::render_offer(world, row, &offer.prices)),
        // Deprecated, still sent.
        "product_price": checkout.price(world).map(|row| price::render(world, row)),
        "prices": prices.end(),
        "discount": checkout.discount.and_then(|id| world.discounts.find(id)).map(|row| discount::render_public(world, row)),
        "attached_custom_fields": fields.unwrap_or_default(),
        // Deprecated, still sent.
        "subtotal_amount": checkout.bill.net,
    })
}

/// Where the buyer goes afterwards, the checkout's id filled in; the seller's page or the sandbox's own.
fn success_url(world: &World, checkout: &Checkout) -> String {
    let own = || {
        format!(
            "{}/checkout/{}/confirmation",
            world.base_url, checkout.client_secret
        )
    };
    let url = checkout.success_url.clone().unwrap_or_else(own);
    let id = checkout.id.to_string();
    ID_PLACES
        .iter()
        .fold(url, |url, place| url.replace(place, &id))
}

//! Checkout links: an address that opens a new checkout session for everyone who follows it.

mod create;
mod delete;
mod embed;
mod get;
mod list;
mod lock;
mod open;
mod update;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::billing::Cycle;
use crate::call::Handler;
use crate::render::{Json, object};
use crate::resource::discount::{self, Discount};
use crate::resource::organization::Organization;
use crate::resource::product::{self, Product};
use crate::world::{Id, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("checkout-links:create", create::handle),
    ("checkout-links:delete", delete::handle),
    ("checkout-links:get", get::handle),
    ("checkout-links:list", list::handle),
    ("checkout-links:redirect", open::handle),
    ("checkout-links:update", update::handle),
];

/// One link.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CheckoutLink {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) client_secret: String,
    pub(crate) products: Vec<Id<Product>>,
    pub(crate) label: Option<String>,
    pub(crate) allow_discount_codes: bool,
    pub(crate) require_billing_address: bool,
    pub(crate) discount: Option<Id<Discount>>,
    pub(crate) seats: Option<i64>,
    #[serde(default)]
    pub(crate) units: Option<i64>,
    pub(crate) success_url: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) trial: Option<Cycle>,
    pub(crate) metadata: Map<String, Value>,
}

found_by!(CheckoutLink: organization, client_secret);

/// The link as the API shows it. Places in its success URL stay until a session fills them.
pub(crate) fn render(world: &World, link: &CheckoutLink) -> Json {
    let products: Vec<_> = link
        .products
        .iter()
        .filter_map(|id| world.products.find(*id))
        .map(|row| {
            let offer = product::render_offer(world, row, &row.prices);
            object!({..offer, "metadata": row.metadata})
        })
        .collect();
    let discount = link.discount.and_then(|id| world.discounts.find(id));
    object!({
        "id": link.id,
        "created_at": link.created_at,
        "modified_at": link.modified_at,
        "trial_interval": link.trial.map(|trial| trial.interval),
        "trial_interval_count": link.trial.map(|trial| trial.count),
        "metadata": link.metadata,
        "payment_processor": "stripe",
        "client_secret": link.client_secret,
        "success_url": link.success_url,
        "return_url": link.return_url,
        "label": link.label,
        "allow_discount_codes": link.allow_discount_codes,
        "require_billing_address": link.require_billing_address,
        "discount_id": link.discount,
        "seats": link.seats,
        "units": link.units,
        "organization_id": link.organization,
        "products": products,
        "discount": discount.map(|row| discount::render_base(world, row)),
        "url": format!("{}/v1/checkout-links/{}/redirect", world.base_url, link.client_secret),
    })
}

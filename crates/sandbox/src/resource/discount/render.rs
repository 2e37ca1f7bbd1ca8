//! A discount as the API shows it: whole, inside orders and subscriptions, and on a checkout.

use serde_json::{Value, json};

use super::{Discount, Duration, Worth};
use crate::render;
use crate::resource::product;
use crate::world::World;

/// The discount as its seller sees it.
pub(crate) fn render(world: &World, discount: &Discount) -> Value {
    let mut shown = render_base(world, discount);
    let products: Vec<_> = discount
        .products
        .iter()
        .filter_map(|id| world.products.find(*id))
        .map(product::render_brief)
        .collect();
    render::merge(&mut shown, json!({"products": products}));
    shown
}

/// The discount inside an order or a subscription.
pub(crate) fn render_base(world: &World, discount: &Discount) -> Value {
    let mut shown = render_worth(world, discount);
    let more = json!({
        "created_at": render::time(discount.created_at),
        "modified_at": render::time_or_null(discount.modified_at),
        "id": discount.id,
        "metadata": discount.metadata,
        "name": discount.name,
        "code": discount.code,
        "starts_at": render::time_or_null(discount.starts_at),
        "ends_at": render::time_or_null(discount.ends_at),
        "max_redemptions": discount.max_redemptions,
        "max_redemptions_per_customer": discount.max_redemptions_per_customer,
        "redemptions_count": discount.redemptions.len(),
        "organization_id": discount.organization,
    });
    render::merge(&mut shown, more);
    shown
}

/// The discount as a buyer sees it.
pub(crate) fn render_public(world: &World, discount: &Discount) -> Value {
    let mut shown = render_worth(world, discount);
    let more = json!({"id": discount.id, "name": discount.name, "code": discount.code});
    render::merge(&mut shown, more);
    shown
}

fn render_worth(world: &World, discount: &Discount) -> Value {
    let mut shown = match discount.duration {
        Duration::Once => json!({"duration": "once"}),
        Duration::Forever => json!({"duration": "forever"}),
        Duration::Repeating(months) => {
            json!({"duration": "repeating", "duration_in_months": months})
        }
    };
    let worth = match &discount.worth {
        Worth::Percentage(basis_points) => {
            json!({"type": "percentage", "basis_points": basis_points})
        }
        Worth::Fixed(amounts) => {
            // The single amount is deprecated, still sent: the usual currency's, else the first.
            let seller = world.organizations.find(discount.organization);
            let usual = seller
                .and_then(|row| amounts.get_key_value(row.default_presentment_currency.as_str()));
            let (currency, amount) = usual.or_else(|| amounts.iter().next()).unzip();
            json!({
                "type": "fixed",
                "amount": amount.copied().unwrap_or_default(),
                "currency": currency.map_or("usd", String::as_str),
                "amounts": amounts,
            })
        }
    };
    render::merge(&mut shown, worth);
    shown
}

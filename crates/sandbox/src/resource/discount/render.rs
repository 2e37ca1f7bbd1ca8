//! A discount as the API shows it: whole, inside orders and subscriptions, and on a checkout.

use super::{Discount, Duration, Worth};
use crate::render::{Json, object};
use crate::resource::product;
use crate::world::World;

/// The discount as its seller sees it.
pub(crate) fn render(world: &World, discount: &Discount) -> Json {
    let products: Vec<_> = discount
        .products
        .iter()
        .filter_map(|id| world.products.find(*id))
        .map(product::render_brief)
        .collect();
    object!({..render_base(world, discount), "products": products})
}

/// The discount inside an order or a subscription.
pub(crate) fn render_base(world: &World, discount: &Discount) -> Json {
    object!({
        ..render_worth(world, discount),
        "created_at": discount.created_at,
        "modified_at": discount.modified_at,
        "id": discount.id,
        "metadata": discount.metadata,
        "name": discount.name,
        "code": discount.code,
        "starts_at": discount.starts_at,
        "ends_at": discount.ends_at,
        "max_redemptions": discount.max_redemptions,
        "max_redemptions_per_customer": discount.max_redemptions_per_customer,
        "redemptions_count": discount.redemptions.len(),
        "organization_id": discount.organization,
    })
}

/// The discount as a buyer sees it.
pub(crate) fn render_public(world: &World, discount: &Discount) -> Json {
    object!({
        ..render_worth(world, discount),
        "id": discount.id,
        "name": discount.name,
        "code": discount.code,
    })
}

fn render_worth(world: &World, discount: &Discount) -> Json {
    let duration = match discount.duration {
        Duration::Once => object!({"duration": "once"}),
        Duration::Forever => object!({"duration": "forever"}),
        Duration::Repeating(months) => {
            object!({"duration": "repeating", "duration_in_months": months})
        }
    };
    let worth = match &discount.worth {
        Worth::Percentage(basis_points) => {
            object!({"type": "percentage", "basis_points": basis_points})
        }
        Worth::Fixed(amounts) => {
            // The single amount is deprecated, still sent: the usual currency's, else the first.
            let seller = world.organizations.find(discount.organization);
            let usual = seller
                .and_then(|row| amounts.get_key_value(row.default_presentment_currency.as_str()));
            let (currency, amount) = usual.or_else(|| amounts.iter().next()).unzip();
            object!({
                "type": "fixed",
                "amount": amount.copied().unwrap_or_default(),
                "currency": currency.map_or("usd", String::as_str),
                "amounts": amounts,
            })
        }
    };
    object!({..duration, ..worth})
}

//! What a discount's code, dates and products may be.

use jiff::Timestamp;

use super::Discount;
use crate::failure::{Failure, Flaw};
use crate::resource::organization::Organization;
use crate::resource::product::Product;
use crate::world::{Id, World};

/// No other discount's code.
pub(super) fn code(
    world: &World,
    organization: Id<Organization>,
    own: Option<Id<Discount>>,
    code: Option<&str>,
) -> Result<(), Failure> {
    let Some(code) = code else {
        return Ok(());
    };
    match world.discount_by_code(organization, code) {
        Some(holder) if Some(holder.id) != own => {
            let message = "Discount with this code already exists.";
            Err(Failure::refused(Flaw::field("code", message, code)))
        }
        Some(_) | None => Ok(()),
    }
}

/// It must start before it ends.
pub(super) fn dates(
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
) -> Result<(), Failure> {
    match (starts_at, ends_at) {
        (Some(starts_at), Some(ends_at)) if starts_at >= ends_at => {
            let message = "Ends at must be after starts at.";
            let input = ends_at.to_string();
            Err(Failure::refused(Flaw::field("ends_at", message, input)))
        }
        _ => Ok(()),
    }
}

/// Its products must be the organization's own.
pub(super) fn products(
    world: &World,
    organization: Id<Organization>,
    products: &[Id<Product>],
) -> Result<(), Failure> {
    let flaws: Vec<_> = products
        .iter()
        .enumerate()
        .filter(|(_, id)| {
            world
                .products
                .find(**id)
                .is_none_or(|row| row.organization != organization)
        })
        .map(|(index, id)| {
            Flaw::body(
                "value_error",
                ["products".into(), index.into()],
                "Product does not exist.",
                id.to_string(),
            )
        })
        .collect();
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(flaws))
}

//! What a discount's code and products may be.

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

/// Its products must be the organization's own.
pub(super) fn products(
    world: &World,
    organization: Id<Organization>,
    products: &[Id<Product>],
) -> Result<(), Failure> {
    let own = |id: Id<Product>| {
        let row = world.products.find(id);
        row.is_some_and(|row| row.organization == organization)
    };
    let mut listed = products.iter().enumerate();
    let Some((index, id)) = listed.find(|(_, id)| !own(**id)) else {
        return Ok(());
    };
    let place = ["products".into(), index.into()];
    let flaw = Flaw::body("value_error", place, "Product not found.", id.to_string());
    Err(Failure::refused(flaw))
}

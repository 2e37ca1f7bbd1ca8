//! `POST /v1/products/{id}/benefits`

use serde::Deserialize;

use super::{get, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::benefit::Benefit;
use crate::resource::organization::Organization;
use crate::world::{Id, Job, World};

#[derive(Deserialize)]
struct Input {
    benefits: Vec<Id<Benefit>>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let product = get::own(world, call)?;
    let (id, organization) = (product.id, product.organization);
    let before = product.benefits.clone();
    check(world, organization, &input.benefits)?;
    let mut benefits = Vec::new();
    for benefit in input.benefits {
        if !benefits.contains(&benefit) {
            benefits.push(benefit);
        }
    }
    let same = before.len() == benefits.len() && before.iter().all(|id| benefits.contains(id));
    world.products.get_mut(id)?.benefits = benefits;
    let shown = render(world, world.products.get(id)?);
    world.emit(organization, "product.updated", &shown);
    // A new order changes what is shown, not what is granted.
    if !same {
        world.agenda.soon(Job::SyncProductGrants(id));
    }
    Ok(shown.into())
}

/// Refuses the first benefit that the organization does not have.
fn check(
    world: &World,
    organization: Id<Organization>,
    benefits: &[Id<Benefit>],
) -> Result<(), Failure> {
    let known = |id: Id<Benefit>| {
        let row = world.benefits.find(id);
        row.is_some_and(|row| row.organization == organization && !row.deleted)
    };
    let mut listed = benefits.iter().enumerate();
    let Some((index, benefit)) = listed.find(|(_, id)| !known(**id)) else {
        return Ok(());
    };
    let place = ["benefits".into(), index.into()];
    let message = "Benefit does not exist.";
    let flaw = Flaw::body("value_error", place, message, benefit.to_string());
    Err(Failure::refused(flaw))
}

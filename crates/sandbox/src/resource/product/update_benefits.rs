//! `POST /v1/products/{id}/benefits`

use serde::Deserialize;

use super::{get, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::benefit::Benefit;
use crate::world::{Id, Job, World};

#[derive(Deserialize)]
struct Input {
    benefits: Vec<Id<Benefit>>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let product = get::own(world, call)?;
    let (id, organization) = (product.id, product.organization);
    let unknown: Vec<_> = input
        .benefits
        .iter()
        .enumerate()
        .filter(|(_, benefit)| {
            !world
                .benefits
                .find(**benefit)
                .is_some_and(|row| row.organization == organization && !row.deleted)
        })
        .map(|(index, benefit)| {
            Flaw::body(
                "value_error",
                ["benefits".into(), index.into()],
                "Benefit does not exist.",
                benefit.to_string(),
            )
        })
        .collect();
    if !unknown.is_empty() {
        return Err(Failure::Refused(unknown));
    }
    let mut benefits = Vec::new();
    for benefit in input.benefits {
        if !benefits.contains(&benefit) {
            benefits.push(benefit);
        }
    }
    world.products.get_mut(id)?.benefits = benefits;
    let shown = render(world, world.products.get(id)?);
    world.emit(organization, "product.updated", &shown);
    world.agenda.soon(Job::SyncProductGrants(id));
    Ok(shown.into())
}

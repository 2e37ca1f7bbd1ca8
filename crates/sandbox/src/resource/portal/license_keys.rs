//! `/v1/customer-portal/license-keys/`

use super::Visitor;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::benefit::Kind;
use crate::resource::license_key::{self, LicenseKey, list_rows, with_activations};
use crate::world::World;

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let visible = |row: &LicenseKey| visitor.sees(row.customer, row.member);
    let rows = world.license_keys.of(visitor.customer);
    Ok(list_rows(world, call, rows, visible))
}

/// Where the key is in use is shown when the seller lets customers look after that.
pub(super) fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let key = world.license_keys.get(call.id("id")?)?;
    if !visitor.sees(key.customer, key.member) {
        return Err(Failure::not_found());
    }
    let benefit = world.benefits.get(key.benefit)?;
    let customer_admin = match &benefit.kind {
        Kind::LicenseKeys(terms) => terms
            .activations
            .is_some_and(|activations| activations.enable_customer_admin),
        _ => false,
    };
    Ok(with_activations(world, key, customer_admin).into())
}

/// `POST …/{id}/rotate`
pub(super) fn rotate(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let key = world.license_keys.get(call.id("id")?)?;
    if !visitor.sees(key.customer, key.member) {
        return Err(Failure::not_found());
    }
    let id = key.id;
    license_key::rotate(world, id)
}

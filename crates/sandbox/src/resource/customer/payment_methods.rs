//! `GET /v1/customers/{id}/payment-methods` and its twin by external id

use super::own;
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::resource::payment_method;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let customer = own(world, call)?.id;
    let rows = payment_method::of(world, customer);
    Ok(list::paged(call, &rows, |row| {
        payment_method::render(world, row)
    }))
}

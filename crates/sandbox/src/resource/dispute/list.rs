//! `GET /v1/disputes/`

use super::{Dispute, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys, View};
use crate::reply::Reply;
use crate::world::World;

const SORTS: &SortKeys<Dispute> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("amount", |_, row| SortKey::Number(row.amount)),
];

const VIEW: View<Dispute> = View {
    sorts: SORTS,
    render,
};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = list::candidates(&world.disputes, call, organization, &["order_id"]);
    let wanted = |row: &Dispute| {
        row.organization == organization
            && query.allows("organization_id", row.organization)
            && query.allows("order_id", row.order)
            && query.allows("status", row.status.word())
    };
    Ok(list::page_of(world, call, rows, wanted, &VIEW))
}

//! A list as its noun declares it: where the rows are, what they are filtered and sorted by, how they look.

use super::filter::{Check, Filter};
use super::sort::{Order, SortKeys};
use super::{cut, told, window};
use crate::call::Call;
use crate::failure::Failure;
use crate::render::Json;
use crate::reply::Reply;
use crate::resource::organization::Organization;
use crate::world::{Found, Id, Row, Table, World};

/// What a noun says of its list. Its rows are found by their organization.
pub(crate) struct Listing<T: 'static> {
    pub(crate) table: fn(&World) -> &Table<T>,
    /// Whose a row is.
    pub(crate) owner: fn(&T) -> Id<Organization>,
    /// Filters that the table has an index for.
    pub(crate) indexed: &'static [(&'static str, By)],
    pub(crate) filters: &'static [(&'static str, Filter<T>)],
    pub(crate) sorts: &'static SortKeys<T>,
    pub(crate) render: fn(&World, &T) -> Json,
}

/// How the index answers a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// By an id, for good: what belongs to one thing belongs to the organization of that thing.
    Id,
    /// By a text in lower case, roughly: rows of other texts and organizations come along.
    LowerCase,
}

/// An organization, and how to see whether a row is its.
type Owner<T> = (Id<Organization>, fn(&T) -> Id<Organization>);

/// The rows that are looked at, and what is asked of each.
pub(crate) struct Selection<'w, 'q, T: 'static> {
    rows: Found<'w, T>,
    checks: Vec<Check<'q, T>>,
    /// Whose they must be, when the index does not say.
    owner: Option<Owner<T>>,
}

impl<T: Row> Listing<T> {
    /// The page that the call asks for.
    pub(crate) fn answer(&self, world: &World, call: &Call) -> Result<Reply, Failure> {
        let selection = self.select(world, call)?;
        let order = Order::of(call, self.sorts);
        let render = |row: &&T| (self.render)(world, row);
        let Some(descending) = order.by_age(None) else {
            let rows = selection.matching(world);
            let (total, shown) = order.window(world, rows, window(call));
            let shown: Vec<_> = shown.iter().map(render).collect();
            return Ok(told(call, total, &shown));
        };
        if selection.takes_all() {
            let total = selection.rows.len();
            return Ok(if descending {
                cut(call, total, selection.rows.rev(), render)
            } else {
                cut(call, total, selection.rows, render)
            });
        }
        let (skip, limit) = window(call);
        let mut total = 0;
        let mut shown = Vec::new();
        let mut see = |row: &T| {
            if total >= skip && shown.len() < limit {
                shown.push((self.render)(world, row));
            }
            total += 1;
        };
        let rows = selection.matching(world);
        if descending {
            rows.rev().for_each(&mut see);
        } else {
            rows.for_each(&mut see);
        }
        Ok(told(call, total, &shown))
    }

    /// The rows that the call's filters let through, oldest first. An export knows fewer filters: they
    /// are absent then.
    pub(crate) fn matching<'w>(
        &self,
        world: &'w World,
        call: &Call,
    ) -> Result<Vec<&'w T>, Failure> {
        Ok(self.select(world, call)?.matching(world).collect())
    }

    fn select<'w, 'q>(
        &self,
        world: &'w World,
        call: &'q Call,
    ) -> Result<Selection<'w, 'q, T>, Failure> {
        let organization = call.organization()?;
        let (query, table) = (&call.query, (self.table)(world));
        let index = self.indexed.iter().find_map(|(name, by)| {
            let mut values = query.all(name);
            let value = values.next()?;
            values.next().is_none().then_some((*name, *by, value))
        });
        let rows = match index {
            Some((_, By::Id, id)) => {
                let rows = Id::<T>::parse(id).map(|id| table.of(id));
                let owned = |rows: &Found<'_, T>| {
                    let owner = rows.first().map(self.owner);
                    owner == Some(organization)
                };
                rows.filter(owned).unwrap_or_else(|| table.none())
            }
            Some((_, By::LowerCase, text)) => table.of(text.to_lowercase().as_str()),
            None => table.of(organization),
        };
        let is_mine = query.allows("organization_id", organization);
        let answered = index.filter(|(_, by, _)| *by == By::Id);
        let filters = self.filters.iter();
        let open = filters.filter(|(name, _)| answered.is_none_or(|(known, ..)| known != *name));
        let is_rough = index.is_some_and(|(_, by, _)| by != By::Id);
        Ok(Selection {
            rows: if is_mine { rows } else { table.none() },
            checks: open
                .filter_map(|(name, filter)| Check::of(query, name, filter))
                .collect(),
            owner: is_rough.then_some((organization, self.owner)),
        })
    }
}

impl<'w, T> Selection<'w, '_, T> {
    /// True when no row needs to be looked at.
    fn takes_all(&self) -> bool {
        self.checks.is_empty() && self.owner.is_none()
    }

    fn matching(self, world: &'w World) -> impl DoubleEndedIterator<Item = &'w T> {
        let Self {
            rows,
            checks,
            owner,
        } = self;
        rows.filter(move |row| {
            owner.is_none_or(|(owner, of)| of(row) == owner)
                && checks.iter().all(|check| check.holds(world, row))
        })
    }
}

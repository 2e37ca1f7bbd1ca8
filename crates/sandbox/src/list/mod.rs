//! Lists: filtered, sorted, cut into pages, counted.

mod filter;
mod listing;
mod sort;

pub(crate) use self::filter::{Filter, METADATA};
pub(crate) use self::listing::{By, Listing};
pub(crate) use self::sort::{SortKey, SortKeys};

use self::sort::Order;
use crate::call::Call;
use crate::render::{Json, object};
use crate::reply::Reply;
use crate::resource::customer::Customer;
use crate::world::{Id, Row, Table, World};

/// Rows on a page unless the call says otherwise, and the most it may ask for.
const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 100;

/// The page of `rows` that the call asks for, for lists that are short: a long one is a [`Listing`].
pub(crate) fn page<T: 'static, J: Into<Json>>(
    world: &World,
    call: &Call,
    rows: Vec<&T>,
    keys: &SortKeys<T>,
    render: fn(&World, &T) -> J,
) -> Reply {
    Picked::of(world, call, rows.into_iter(), keys, None).told(world, call, render)
}

/// The rows of a page, and how many there are in all.
pub(crate) struct Picked<'w, T> {
    total: usize,
    rows: Vec<&'w T>,
}

impl<'w, T: 'static> Picked<'w, T> {
    /// Picks from rows in the order of their table, which may be the order of the property `also`.
    pub(crate) fn of(
        world: &'w World,
        call: &Call,
        rows: impl DoubleEndedIterator<Item = &'w T> + ExactSizeIterator,
        keys: &SortKeys<T>,
        also: Option<&str>,
    ) -> Self {
        let (skip, limit) = window(call);
        let order = Order::of(call, keys);
        let Some(descending) = order.by_age(also) else {
            let (total, rows) = order.window(world, rows, (skip, limit));
            return Self { total, rows };
        };
        let total = rows.len();
        let rows = if descending {
            rows.rev().skip(skip).take(limit).collect()
        } else {
            rows.skip(skip).take(limit).collect()
        };
        Self { total, rows }
    }

    /// The page with its counts.
    pub(crate) fn told<J: Into<Json>>(
        &self,
        world: &World,
        call: &Call,
        render: fn(&World, &T) -> J,
    ) -> Reply {
        let items = self.rows.iter().map(|row| render(world, row).into());
        told(call, self.total, &items.collect::<Vec<_>>())
    }

    /// The page without counts: it says only whether there is another after it.
    pub(crate) fn told_by_cursor(
        &self,
        world: &World,
        call: &Call,
        render: fn(&World, &T) -> Json,
    ) -> Reply {
        let items: Vec<_> = self.rows.iter().map(|row| render(world, row)).collect();
        let (skip, limit) = window(call);
        let more = self.total > skip.saturating_add(limit);
        object!({"items": items, "pagination": object!({"has_next_page": more})}).into()
    }
}

/// The rows of the one customer that the call asks for, else all: found by no organization, they are told
/// apart one by one.
pub(crate) fn of_customer<'w, T: Row>(
    table: &'w Table<T>,
    call: &Call,
) -> Box<dyn Iterator<Item = &'w T> + 'w> {
    let mut values = call.query.all("customer_id");
    let asked = values.next().and_then(Id::<Customer>::parse);
    match asked.filter(|_| values.next().is_none()) {
        Some(customer) => Box::new(table.of(customer)),
        None => Box::new(table.iter()),
    }
}

/// The page of `rows` in the order they come.
pub(crate) fn paged<T, J: Into<Json>>(call: &Call, rows: &[T], render: impl Fn(&T) -> J) -> Reply {
    cut(call, rows.len(), rows.iter(), |row| render(row))
}

fn cut<R, J: Into<Json>>(
    call: &Call,
    total: usize,
    rows: impl Iterator<Item = R>,
    render: impl Fn(&R) -> J,
) -> Reply {
    let (skip, limit) = window(call);
    let shown = rows.skip(skip).take(limit);
    let items: Vec<_> = shown.map(|row| render(&row).into()).collect();
    told(call, total, &items)
}

fn told(call: &Call, total: usize, items: &[Json]) -> Reply {
    let (_, limit) = window(call);
    let pagination = object!({"total_count": total, "max_page": total.div_ceil(limit)});
    object!({"items": items, "pagination": pagination}).into()
}

/// How many rows the page passes over, and how many it shows at most.
fn window(call: &Call) -> (usize, usize) {
    let number = |name| {
        call.query
            .number(name)
            .and_then(|n| usize::try_from(n).ok())
    };
    let limit = number("limit").unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let before = number("page").unwrap_or(1).saturating_sub(1);
    (before.saturating_mul(limit), limit)
}

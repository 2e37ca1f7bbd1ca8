//! Lists: sorted, cut into pages, counted.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::call::Call;
use crate::render::{Json, object};
use crate::reply::Reply;
use crate::resource::organization::Organization;
use crate::world::{Found, Id, Row, Table, World};

/// Rows on a page unless the call says otherwise, and the most it may ask for.
const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 100;
/// The property that every table is in the order of.
const CREATED: &str = "created_at";

/// What a row is sorted by. Absent values come last, as PostgreSQL puts them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SortKey {
    Text(String),
    Number(i64),
    Time(Timestamp),
    Absent,
}

/// The properties a list may be sorted by, each with the way to read it. Rows stand in their tables in the
/// order they were made, so `created_at` is never read.
pub(crate) type SortKeys<T> = [(&'static str, fn(&World, &T) -> SortKey)];

/// The rows a list has to look at: those of the first of `names` that the call asks for by one id, else all
/// of the organization's. The names are of ids that the noun is found by.
pub(crate) fn candidates<'w, T: Row>(
    table: &'w Table<T>,
    call: &Call,
    organization: Id<Organization>,
    names: &[&str],
) -> Found<'w, T> {
    let asked = names.iter().find_map(|name| {
        let mut values = call.query.all(name);
        let id = values.next().and_then(Id::<T>::parse)?;
        values.next().is_none().then_some(id)
    });
    match asked {
        Some(id) => table.of(id),
        None => table.of(organization),
    }
}

/// What a list may be sorted by, and how its rows look.
pub(crate) struct View<T: 'static> {
    pub(crate) sorts: &'static SortKeys<T>,
    pub(crate) render: fn(&World, &T) -> Json,
}

/// The page of a table that may be long. `wanted` is asked only when the call has a filter, and must check
/// whose row it is.
pub(crate) fn page_of<'w, T: Row>(
    world: &World,
    call: &Call,
    rows: Found<'w, T>,
    wanted: impl Fn(&T) -> bool,
    view: &View<T>,
) -> Reply {
    let render = |row: &&T| (view.render)(world, row);
    if !call.query.has_filter()
        && let [(descending, CREATED, _), ..] = order(call, view.sorts).as_slice()
    {
        let total = rows.len();
        return if *descending {
            cut(call, total, rows.rev(), render)
        } else {
            cut(call, total, rows, render)
        };
    }
    let mut rows: Vec<&'w T> = rows.filter(|row| wanted(row)).collect();
    sort(world, call, &mut rows, view.sorts);
    cut(call, rows.len(), rows.into_iter(), render)
}

/// The page of `rows` that the call asks for. `sorting` has been checked (and defaulted) by the face;
/// rows that compare equal keep their order of creation, newest first when the sorting descends.
pub(crate) fn page<T, J: Into<Json>>(
    world: &World,
    call: &Call,
    mut rows: Vec<&T>,
    keys: &SortKeys<T>,
    render: fn(&World, &T) -> J,
) -> Reply {
    sort(world, call, &mut rows, keys);
    paged(call, &rows, |row| render(world, row))
}

/// The same page, told without counts: only whether there is another after it.
pub(crate) fn page_by_cursor<T>(
    world: &World,
    call: &Call,
    mut rows: Vec<&T>,
    keys: &SortKeys<T>,
    render: fn(&World, &T) -> Json,
) -> Reply {
    sort(world, call, &mut rows, keys);
    let (skip, limit) = window(call);
    let shown = rows.iter().skip(skip).take(limit);
    let items: Vec<_> = shown.map(|row| render(world, row)).collect();
    let more = rows.len() > skip.saturating_add(limit);
    object!({"items": items, "pagination": object!({"has_next_page": more})}).into()
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
    let items: Vec<Json> = shown.map(|row| render(&row).into()).collect();
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

/// One word of `sorting`: whether it descends, which property, how it is read.
type Sorting<'k, T> = (bool, &'static str, &'k fn(&World, &T) -> SortKey);

fn order<'k, T>(call: &Call, keys: &'k SortKeys<T>) -> Vec<Sorting<'k, T>> {
    let words = call.query.all("sorting");
    let known = words.filter_map(|word| {
        let name = word.strip_prefix('-').unwrap_or(word);
        let (name, read) = keys.iter().find(|(key, _)| *key == name)?;
        Some((word.starts_with('-'), *name, read))
    });
    known.collect()
}

/// What a row has where the sorting looks, so that it is read once.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Directed {
    Up(SortKey),
    Down(Reverse<SortKey>),
}

fn sort<T>(world: &World, call: &Call, rows: &mut [&T], keys: &SortKeys<T>) {
    let order = order(call, keys);
    let Some((descending, first, _)) = order.first() else {
        return;
    };
    if *descending {
        rows.reverse();
    }
    if *first == CREATED {
        return;
    }
    rows.sort_by_cached_key(|row| {
        let directed = |(descending, _, read): &Sorting<'_, T>| match descending {
            true => Directed::Down(Reverse(read(world, row))),
            false => Directed::Up(read(world, row)),
        };
        order.iter().map(directed).collect::<Vec<_>>()
    });
}

//! Lists: sorted, cut into pages, counted.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::Call;
use crate::reply::Reply;
use crate::world::World;

/// Rows on a page unless the call says otherwise, and the most it may ask for.
const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 100;

/// What a row is sorted by. Absent values come last, as PostgreSQL puts them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SortKey {
    Text(String),
    Number(i64),
    Time(Timestamp),
    Absent,
}

/// The properties a list may be sorted by, each with the way to read it.
pub(crate) type SortKeys<T> = [(&'static str, fn(&World, &T) -> SortKey)];

/// The page of `rows` that the call asks for. `sorting` has been checked (and defaulted) by the face;
/// rows that compare equal keep their order of creation, newest first when the sorting descends.
pub(crate) fn page<T>(
    world: &World,
    call: &Call,
    mut rows: Vec<&T>,
    keys: &SortKeys<T>,
    render: fn(&World, &T) -> Value,
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
    render: fn(&World, &T) -> Value,
) -> Reply {
    sort(world, call, &mut rows, keys);
    let (skip, limit) = window(call);
    let shown = rows.iter().skip(skip).take(limit);
    let items: Vec<_> = shown.map(|row| render(world, row)).collect();
    let more = rows.len() > skip.saturating_add(limit);
    json!({"items": items, "pagination": {"has_next_page": more}}).into()
}

/// The page of `rows` in the order they come.
pub(crate) fn paged<T>(call: &Call, rows: &[T], render: impl Fn(&T) -> Value) -> Reply {
    let (skip, limit) = window(call);
    let items: Vec<_> = rows.iter().skip(skip).take(limit).map(render).collect();
    let pagination = json!({"total_count": rows.len(), "max_page": rows.len().div_ceil(limit)});
    json!({"items": items, "pagination": pagination}).into()
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

fn sort<T>(world: &World, call: &Call, rows: &mut [&T], keys: &SortKeys<T>) {
    let order: Vec<_> = call
        .query
        .all("sorting")
        .filter_map(|word| {
            let name = word.strip_prefix('-').unwrap_or(word);
            let (_, read) = keys.iter().find(|(key, _)| *key == name)?;
            Some((word.starts_with('-'), read))
        })
        .collect();
    if order.first().is_some_and(|(descending, _)| *descending) {
        rows.reverse();
    }
    rows.sort_by(|a, b| {
        order
            .iter()
            .fold(Ordering::Equal, |so_far, (descending, read)| {
                so_far.then_with(|| {
                    let compared = read(world, a).cmp(&read(world, b));
                    if *descending {
                        compared.reverse()
                    } else {
                        compared
                    }
                })
            })
    });
}

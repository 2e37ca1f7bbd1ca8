//! The order of a list.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;

use crate::call::Call;
use crate::world::World;

/// The property that every table is in the order of.
const CREATED: &str = "created_at";

/// What a row is sorted by. Absent values come last, as PostgreSQL puts them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SortKey<'w> {
    /// A text, and how it begins: most comparisons end there, without a look at the text.
    Text(u128, Cow<'w, str>),
    Number(i64),
    Time(Timestamp),
    Absent,
}

impl<'w> SortKey<'w> {
    /// A text of the row's.
    pub(crate) fn text(text: &'w str) -> Self {
        Self::Text(beginning(text), Cow::Borrowed(text))
    }

    /// A text, if the row has it.
    pub(crate) fn text_or_absent(text: Option<&'w String>) -> Self {
        text.map_or(Self::Absent, |text| Self::text(text))
    }

    /// A text made for the occasion.
    pub(crate) fn owned(text: String) -> Self {
        Self::Text(beginning(&text), Cow::Owned(text))
    }

    /// A moment, if it has come.
    pub(crate) fn time_or_absent(time: Option<Timestamp>) -> Self {
        time.map_or(Self::Absent, Self::Time)
    }
}

/// The first bytes as a number that sorts like them.
fn beginning(text: &str) -> u128 {
    let mut bytes = [0; 16];
    for (into, byte) in bytes.iter_mut().zip(text.bytes()) {
        *into = byte;
    }
    u128::from_be_bytes(bytes)
}

/// How a property is read.
pub(crate) type Read<T> = for<'w> fn(&'w World, &'w T) -> SortKey<'w>;

/// The properties a list may be sorted by, each with the way to read it. Rows stand in their tables in the
/// order they were made, so `created_at` is never read.
pub(crate) type SortKeys<T> = [(&'static str, Read<T>)];

/// The words of `sorting`, checked and defaulted by the face: whether each descends, and which property
/// it reads.
pub(super) struct Order<T: 'static>(Vec<(bool, &'static str, Read<T>)>);

impl<T> Order<T> {
    pub(super) fn of(call: &Call, keys: &SortKeys<T>) -> Self {
        let words = call.query.all("sorting");
        let known = words.filter_map(|word| {
            let name = word.strip_prefix('-').unwrap_or(word);
            let (name, read) = keys.iter().find(|(key, _)| *key == name)?;
            Some((word.starts_with('-'), *name, *read))
        });
        Self(known.collect())
    }

    /// Whether it is the table's own order, and whether that runs backwards. A table may be in the order
    /// of another property too.
    pub(super) fn by_age(&self, also: Option<&str>) -> Option<bool> {
        let Some((descending, name, _)) = self.0.first() else {
            return Some(false);
        };
        (*name == CREATED || Some(*name) == also).then_some(*descending)
    }

    /// The rows from `skip` on, `limit` of them. Those that compare equal keep their order of creation,
    /// newest first when the sorting descends. Only what is asked for is put in order.
    pub(super) fn window<'w>(
        &self,
        world: &'w World,
        rows: impl Iterator<Item = &'w T>,
        (skip, limit): (usize, usize),
    ) -> (usize, Vec<&'w T>) {
        let Some((_, _, read)) = self.0.first() else {
            let rows: Vec<_> = rows.collect();
            let total = rows.len();
            return (total, rows.into_iter().skip(skip).take(limit).collect());
        };
        let mut all: Vec<Placed<'w, T>> = rows
            .enumerate()
            .map(|(at, row)| Placed {
                key: read(world, row),
                at,
                row,
            })
            .collect();
        let total = all.len();
        let end = skip.saturating_add(limit).min(total);
        let compare = |a: &Placed<'w, T>, b: &Placed<'w, T>| self.compare(world, a, b);
        if end < total {
            all.select_nth_unstable_by(end, compare);
            all.truncate(end);
        }
        if skip >= end {
            return (total, Vec::new());
        }
        if skip > 0 {
            all.select_nth_unstable_by(skip, compare);
            all.drain(..skip);
        }
        all.sort_unstable_by(compare);
        (total, all.into_iter().map(|placed| placed.row).collect())
    }

    fn compare<'w>(&self, world: &'w World, a: &Placed<'w, T>, b: &Placed<'w, T>) -> Ordering {
        let mut order = self.0.iter();
        let first = order.next().is_some_and(|(descending, _, _)| *descending);
        let mut found = directed(first, a.key.cmp(&b.key));
        for (descending, _, read) in order {
            found = found
                .then_with(|| directed(*descending, read(world, a.row).cmp(&read(world, b.row))));
        }
        found.then_with(|| directed(first, a.at.cmp(&b.at)))
    }
}

/// A row, what it is sorted by first, and where it stood.
struct Placed<'w, T> {
    key: SortKey<'w>,
    at: usize,
    row: &'w T,
}

const fn directed(descending: bool, order: Ordering) -> Ordering {
    if descending { order.reverse() } else { order }
}

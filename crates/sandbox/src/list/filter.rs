//! Which rows a list shows.

use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::query::{Query, has_metadata};
use crate::world::World;

/// How a filter reads a row. What the call asks for is read once, and only the filters that it gives
/// are asked at all.
pub(crate) enum Filter<T: 'static> {
    /// The row belongs to one of the things asked for.
    Id(fn(&T) -> Option<Uuid>),
    /// The row has one of the words asked for.
    Word(for<'w> fn(&'w World, &'w T) -> Option<&'w str>),
    Flag(fn(&World, &T) -> bool),
    After(fn(&T) -> Timestamp),
    Before(fn(&T) -> Timestamp),
    /// Every key asked for has one of its values.
    Metadata(fn(&T) -> &Map<String, Value>),
    /// Anything else.
    Rule(fn(&World, &Query, &T) -> bool),
}

/// The name under which a listing says where its rows keep their metadata.
pub(crate) const METADATA: &str = "metadata";

/// A filter and what the call asks of it.
pub(super) enum Check<'q, T: 'static> {
    Id(Vec<Uuid>, fn(&T) -> Option<Uuid>),
    Word(
        Vec<&'q str>,
        for<'w> fn(&'w World, &'w T) -> Option<&'w str>,
    ),
    Flag(bool, fn(&World, &T) -> bool),
    After(Timestamp, fn(&T) -> Timestamp),
    Before(Timestamp, fn(&T) -> Timestamp),
    Metadata(Vec<(&'q str, Vec<&'q str>)>, fn(&T) -> &Map<String, Value>),
    Rule(&'q Query, fn(&World, &Query, &T) -> bool),
}

impl<'q, T> Check<'q, T> {
    /// What the call asks of the filter called `name`, if anything.
    pub(super) fn of(query: &'q Query, name: &str, filter: &Filter<T>) -> Option<Self> {
        if let Filter::Metadata(read) = filter {
            let wanted = query.metadata();
            return (!wanted.is_empty()).then_some(Self::Metadata(wanted, *read));
        }
        query.get(name)?;
        Some(match filter {
            Filter::Id(read) => {
                let ids = query.all(name);
                Self::Id(ids.filter_map(|id| id.parse().ok()).collect(), *read)
            }
            Filter::Word(read) => Self::Word(query.all(name).collect(), *read),
            Filter::Flag(read) => Self::Flag(query.flag(name)?, *read),
            Filter::After(read) => Self::After(query.time(name)?, *read),
            Filter::Before(read) => Self::Before(query.time(name)?, *read),
            Filter::Rule(rule) => Self::Rule(query, *rule),
            Filter::Metadata(_) => return None,
        })
    }

    pub(super) fn holds(&self, world: &World, row: &T) -> bool {
        match self {
            Self::Id(wanted, read) => read(row).is_some_and(|id| wanted.contains(&id)),
            Self::Word(wanted, read) => read(world, row).is_some_and(|word| wanted.contains(&word)),
            Self::Flag(wanted, read) => read(world, row) == *wanted,
            Self::After(wanted, read) => read(row) > *wanted,
            Self::Before(wanted, read) => read(row) < *wanted,
            Self::Metadata(wanted, read) => has_metadata(wanted, read(row)),
            Self::Rule(query, rule) => rule(world, query, row),
        }
    }
}

//! Writing a world down, whole or only what changed, and reading it back.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::agenda::{self, Undated};
use super::{Chance, Job, Line, World};
use crate::credentials::Credentials;
use crate::resource::webhook::outbox;

/// The name under which everything stands that is no table.
const CORE: &str = "world";

/// What is no table.
#[derive(Debug, Serialize, Deserialize)]
struct Core {
    now: Timestamp,
    ahead: SignedDuration,
    seed: u64,
    chance: Chance,
    delivery_chance: Chance,
    base_url: String,
    credentials: Option<Credentials>,
    undated: Undated,
    planned_attempts: u64,
}

impl World {
    /// All of it.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut lines = vec![self.core()];
        self.rows(&mut lines);
        self.agenda.lines(&mut lines);
        self.outbox.lines(&mut lines);
        lines
    }

    /// All of it, as bytes: equal worlds have equal ones.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = Vec::new();
        for line in self.lines() {
            line.write(&mut bytes)?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }

    /// What changed since this was called last; not even a row when nothing did.
    pub(crate) fn take_changes(&mut self) -> Vec<Line> {
        let mut lines = vec![self.core()];
        self.take_changed_rows(&mut lines);
        self.agenda.take_changes(&mut lines);
        self.outbox.take_changes(&mut lines);
        lines
    }

    /// Nobody will ask what changed until now.
    pub(crate) fn forget_changes(&mut self) {
        drop(self.take_changes());
    }

    fn core(&self) -> Line {
        let core = Core {
            now: self.now,
            ahead: self.ahead,
            seed: self.seed,
            chance: self.chance.clone(),
            delivery_chance: self.delivery_chance.clone(),
            base_url: self.base_url.clone(),
            credentials: self.credentials.clone(),
            undated: self.agenda.undated(),
            planned_attempts: self.outbox.planned(),
        };
        Line::row(CORE, 0, &Arc::new(core))
    }
}

/// A world that is being read, line by line.
#[derive(Debug)]
pub(crate) struct Reader {
    world: World,
    dated: BTreeMap<u64, (Timestamp, Job)>,
    attempts: BTreeMap<u64, outbox::Saved>,
}

impl Reader {
    /// Nothing read yet.
    pub(crate) fn new() -> Self {
        Self {
            world: World::empty(0, Timestamp::UNIX_EPOCH, String::new()),
            dated: BTreeMap::new(),
            attempts: BTreeMap::new(),
        }
    }

    /// Takes one line: `["orders",17,{…}]`.
    pub(crate) fn read(&mut self, line: &str) -> Result<(), serde_json::Error> {
        let (table, place, row): (&str, u64, Option<&RawValue>) = serde_json::from_str(line)?;
        match table {
            CORE => self.read_core(row),
            agenda::TABLE => keep(&mut self.dated, place, row),
            outbox::TABLE => keep(&mut self.attempts, place, row),
            _ if self.world.read_row(table, place, row)? => Ok(()),
            _ => {
                let message = format!("there is no table {table:?}");
                Err(serde::de::Error::custom(message))
            }
        }
    }

    /// The world as the last line left it.
    pub(crate) fn finish(mut self) -> World {
        self.world.agenda.read_dated(self.dated);
        self.world.outbox.read_attempts(self.attempts);
        self.world
    }

    fn read_core(&mut self, row: Option<&RawValue>) -> Result<(), serde_json::Error> {
        let core: Core = serde_json::from_str(row.map_or("null", RawValue::get))?;
        let world = &mut self.world;
        world.now = core.now;
        world.ahead = core.ahead;
        world.seed = core.seed;
        world.chance = core.chance;
        world.delivery_chance = core.delivery_chance;
        world.base_url = core.base_url;
        world.credentials = core.credentials;
        world.agenda.read_undated(core.undated);
        world.outbox.read_planned(core.planned_attempts);
        Ok(())
    }
}

fn keep<'r, T: Deserialize<'r>>(
    rows: &mut BTreeMap<u64, T>,
    place: u64,
    row: Option<&'r RawValue>,
) -> Result<(), serde_json::Error> {
    match row {
        Some(row) => rows.insert(place, serde_json::from_str(row.get())?),
        None => rows.remove(&place),
    };
    Ok(())
}

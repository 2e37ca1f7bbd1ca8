//! Which rows have a key.

use std::collections::HashMap;
use std::slice;

use crate::world::Key;

/// The places of the rows that have each key, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Index(HashMap<Key, Places>);

/// Most keys are of one row, which needs no list.
#[derive(Debug, Clone)]
enum Places {
    One(u64),
    Many(Vec<u64>),
}

impl Index {
    pub(super) fn get(&self, key: Key) -> &[u64] {
        match self.0.get(&key) {
            None => &[],
            Some(Places::One(place)) => slice::from_ref(place),
            Some(Places::Many(places)) => places,
        }
    }

    pub(super) fn add(&mut self, key: Key, place: u64) {
        let Some(known) = self.0.get_mut(&key) else {
            self.0.insert(key, Places::One(place));
            return;
        };
        match known {
            Places::One(one) if *one == place => {}
            Places::One(one) => *known = Places::Many(vec![(*one).min(place), (*one).max(place)]),
            // Newer rows have higher places, so this is most often the end.
            Places::Many(places) if places.last().is_some_and(|last| *last < place) => {
                places.push(place);
            }
            Places::Many(places) => {
                if let Err(gap) = places.binary_search(&place) {
                    places.insert(gap, place);
                }
            }
        }
    }

    pub(super) fn remove(&mut self, key: Key, place: u64) {
        let is_last = match self.0.get_mut(&key) {
            None => false,
            Some(Places::One(one)) => *one == place,
            Some(Places::Many(places)) => {
                if let Ok(known) = places.binary_search(&place) {
                    places.remove(known);
                }
                places.is_empty()
            }
        };
        if is_last {
            self.0.remove(&key);
        }
    }
}

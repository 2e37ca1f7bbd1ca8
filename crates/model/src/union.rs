//! Telling the branches of a union apart.

use serde_json::{Map, Value};

use crate::read::Read;

/// The word that tells the branch, in a union that has one.
pub(crate) fn tag<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
}

/// What a branch of an untagged union looks like.
pub(crate) struct Profile {
    /// Fields that must hold just this, flags written as `true` and `false`; `benefit.type` is the
    /// field `type` of the field `benefit`.
    pub constants: &'static [(&'static str, &'static str)],
    /// Fields that must be there.
    pub required: &'static [&'static str],
    /// Fields that may be there.
    pub optional: &'static [&'static str],
}

/// The branch that fits best: its constants hold, the fewest required fields are missing, the
/// fewest fields are strangers. `None` when none fits, or when nothing tells the best apart.
pub(crate) fn choose(value: &Value, profiles: &[Profile]) -> Option<usize> {
    let fields = value.as_object()?;
    let mut fits: Vec<_> = profiles
        .iter()
        .enumerate()
        .filter(|(_, profile)| profile.constants_hold(fields))
        .map(|(index, profile)| (profile.distance(fields), index))
        .collect();
    fits.sort_unstable();
    let &(distance, best) = fits.first()?;
    let tied = fits.get(1).is_some_and(|(other, _)| *other == distance);
    let says_something = profiles.get(best)?.knows_any(fields);
    (!tied && (says_something || distance == (0, 0))).then_some(best)
}

impl Profile {
    fn constants_hold(&self, fields: &Map<String, Value>) -> bool {
        self.constants
            .iter()
            .all(|(path, word)| match find(fields, path) {
                Some(Value::String(text)) => text == word,
                Some(Value::Bool(flag)) => *word == if *flag { "true" } else { "false" },
                _ => false,
            })
    }

    fn distance(&self, fields: &Map<String, Value>) -> (usize, usize) {
        let missing = self
            .required
            .iter()
            .filter(|name| !fields.contains_key(**name))
            .count();
        let strangers = fields.keys().filter(|name| !self.knows(name)).count();
        (missing, strangers)
    }

    fn knows_any(&self, fields: &Map<String, Value>) -> bool {
        fields.keys().any(|name| self.knows(name))
    }

    fn knows(&self, name: &str) -> bool {
        self.constants.iter().any(|(constant, _)| *constant == name)
            || self.required.contains(&name)
            || self.optional.contains(&name)
    }
}

fn find<'a>(fields: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => fields.get(path),
        Some((outer, inner)) => fields.get(outer)?.get(inner),
    }
}

/// Reads the branch that was chosen by looks; if it is not that after all, the value is kept.
pub(crate) fn read_or_keep<T: Read, U>(
    value: Value,
    known: fn(Box<T>) -> U,
    unknown: fn(Value) -> U,
) -> U {
    match T::read(value.clone()) {
        Ok(branch) => known(Box::new(branch)),
        Err(_other_shape) => unknown(value),
    }
}

//! Telling the branches of a union apart.

use std::borrow::Cow;

use serde_json::Value;

use crate::read::{Json, Node, Read};

type Fields<'a> = [(Cow<'a, str>, Json<'a>)];

/// The word that tells the branch, in a union that has one.
pub(crate) fn tag<'a>(node: &Node<'a>, field: &str) -> Option<&'a str> {
    match node.json()?.get(field)? {
        Json::Text(word) => Some(word),
        _ => None,
    }
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
pub(crate) fn choose(node: &Node<'_>, profiles: &[Profile]) -> Option<usize> {
    let json = node.json()?;
    let Json::Object(fields) = json else {
        return None;
    };
    let mut fits: Vec<_> = profiles
        .iter()
        .enumerate()
        .filter(|(_, profile)| profile.constants_hold(json))
        .map(|(index, profile)| (profile.distance(fields), index))
        .collect();
    fits.sort_unstable();
    let &(distance, best) = fits.first()?;
    let tied = fits.get(1).is_some_and(|(other, _)| *other == distance);
    let says_something = profiles.get(best)?.knows_any(fields);
    (!tied && (says_something || distance == (0, 0))).then_some(best)
}

impl Profile {
    fn constants_hold(&self, json: &Json<'_>) -> bool {
        self.constants
            .iter()
            .all(|(path, word)| match find(json, path) {
                Some(Json::Text(text)) => text == word,
                Some(Json::Flag(flag)) => *word == if *flag { "true" } else { "false" },
                _ => false,
            })
    }

    fn distance(&self, fields: &Fields<'_>) -> (usize, usize) {
        let missing = self
            .required
            .iter()
            .filter(|name| !fields.iter().any(|(known, _)| known == **name))
            .count();
        let strangers = fields.iter().filter(|(name, _)| !self.knows(name)).count();
        (missing, strangers)
    }

    fn knows_any(&self, fields: &Fields<'_>) -> bool {
        fields.iter().any(|(name, _)| self.knows(name))
    }

    fn knows(&self, name: &str) -> bool {
        self.constants.iter().any(|(constant, _)| *constant == name)
            || self.required.contains(&name)
            || self.optional.contains(&name)
    }
}

fn find<'a>(json: &'a Json<'a>, path: &str) -> Option<&'a Json<'a>> {
    match path.split_once('.') {
        None => json.get(path),
        Some((outer, inner)) => json.get(outer)?.get(inner),
    }
}

/// Reads the branch that was told; what can't be read as that is kept as it came.
pub(crate) fn read_or_keep<T: Read, U>(
    node: &Node<'_>,
    known: fn(Box<T>) -> U,
    unknown: fn(Value) -> U,
) -> U {
    match node.attempt() {
        Some(branch) => known(branch),
        None => unknown(node.to_value()),
    }
}

//! Names as they lie in memory: Polar's are a word and a UUID, which take sixteen bytes instead of
//! fifty.

use std::fmt;

use uuid::Uuid;

/// What stands before a UUID.
const NOUNS: [&str; 6] = [
    "",
    "subscription:",
    "order:",
    "grant:",
    "checkout:",
    "seat:",
];

/// A name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Id(u8, Uuid),
    /// Any other: what Polar names differently some day.
    Text(Box<str>),
}

impl Name {
    pub(crate) fn of(text: &str) -> Self {
        let colon = text.find(':').map_or(0, |at| at + 1);
        let (noun, id) = text.split_at(colon);
        let noun = NOUNS.iter().position(|known| *known == noun);
        let noun = noun.and_then(|at| u8::try_from(at).ok());
        match (noun, Uuid::try_parse(id)) {
            (Some(noun), Ok(uuid)) if uuid.hyphenated().to_string() == id => Self::Id(noun, uuid),
            _ => Self::Text(text.into()),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(noun, uuid) => {
                let noun = NOUNS.get(usize::from(*noun)).copied().unwrap_or_default();
                write!(f, "{noun}{uuid}")
            }
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_as_it_was() {
        let id = "551a7b94-19dc-4f7c-bde5-4da1f998ad4b";
        let shouted = id.to_uppercase();
        let mut names = vec![id.to_owned(), shouted, String::new(), "grant:g1".to_owned()];
        names.extend(NOUNS.map(|noun| format!("{noun}{id}")));
        names.push(format!("unheard-of:{id}"));
        for name in names {
            assert_eq!(Name::of(&name).to_string(), name);
        }
        assert!(size_of::<Name>() <= 24);
    }
}

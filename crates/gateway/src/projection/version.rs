//! Which of two statements about one object is the later one. Pure.

use polarkit_store::{Known, Object};

/// How a statement stands to what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Nothing is known of the object.
    New,
    /// It tells of a later state.
    Newer,
    /// It tells the same of the same state.
    Same,
    /// It tells of an earlier state.
    Older,
    /// It tells something else of the very same state: one of the two is wrong.
    Contradiction,
}

/// Holds what is told against what is known. The object's own version decides; two contents of one
/// version are a contradiction, whichever was told later.
pub(crate) fn decide(known: Option<&Known>, told: &Object) -> Decision {
    let Some(known) = known else {
        return Decision::New;
    };
    match told.version.object_at.cmp(&known.version.object_at) {
        std::cmp::Ordering::Greater => Decision::Newer,
        std::cmp::Ordering::Less => Decision::Older,
        std::cmp::Ordering::Equal if told.essence == known.essence => Decision::Same,
        std::cmp::Ordering::Equal => Decision::Contradiction,
    }
}

#[cfg(test)]
mod tests {
    use polarkit_store::Version;

    use super::*;

    #[test]
    fn the_objects_own_version_decides_and_two_contents_of_one_contradict() {
        let cases = [
            ((11, 1), "paid", Decision::Newer),
            ((9, 99), "paid", Decision::Older),
            ((10, 21), "open", Decision::Same),
            ((10, 19), "open", Decision::Same),
            ((10, 21), "paid", Decision::Contradiction),
            ((10, 20), "paid", Decision::Contradiction),
        ];
        let known = Known {
            version: Version {
                object_at: 10,
                envelope_at: 20,
            },
            essence: Some("open".to_owned()),
            gone_at: None,
        };
        for ((object_at, envelope_at), essence, expected) in cases {
            let told = Object {
                customer: "c".to_owned(),
                kind: "order".to_owned(),
                id: "o".to_owned(),
                version: Version {
                    object_at,
                    envelope_at,
                },
                external_id: None,
                essence: Some(essence.to_owned()),
                body: String::new(),
            };
            assert_eq!(decide(Some(&known), &told), expected, "{told:?}");
            assert_eq!(decide(None, &told), Decision::New);
        }
    }
}

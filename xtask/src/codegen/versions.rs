//! Several versions of Polar's API → one set of facts: what only some of them have says which.
//!
//! The newest document decides what a thing is; older ones add what it no longer has, as optional,
//! and may make null what it never is: one type reads them all.

use anyhow::{Result, ensure};
use polarkit_spec::{Event, Facts, Field, Kind, ObjectRule, Operation, Shape};

/// The newest facts, with what older versions had besides. `older` goes from new to old.
pub(super) fn merge(newest: Facts, older: Vec<Facts>) -> Result<Facts> {
    let mut merged = newest;
    // The oldest version seen so far that has what the newest has.
    let mut from = merged.document_version.clone();
    for old in older {
        let version = old.document_version.clone();
        ensure!(version < from, "{version} is not older than {from}");
        let step = Step {
            version: &version,
            next: &from,
        };
        step.operations(&mut merged.operations, old.operations);
        step.events(&mut merged.events, old.events);
        for (name, shape) in old.shapes {
            match merged.shapes.get_mut(&name) {
                Some(known) => step.shape(known, shape),
                None => drop(merged.shapes.insert(name, shape)),
            }
        }
        from = version;
    }
    Ok(merged.indexed())
}

/// From one version back to the one before it.
struct Step<'a> {
    version: &'a str,
    next: &'a str,
}

impl Step<'_> {
    fn operations(&self, known: &mut Vec<Operation>, old: Vec<Operation>) {
        for operation in known
            .iter_mut()
            .filter(|operation| operation.since.is_none())
        {
            let was = old.iter().any(|old| old.id == operation.id);
            operation.since = self.since(was || operation.until.is_some());
        }
        for mut operation in old {
            if !known.iter().any(|known| known.id == operation.id) {
                operation.until = Some(self.version.to_owned());
                known.push(operation);
            }
        }
    }

    fn events(&self, known: &mut Vec<Event>, old: Vec<Event>) {
        for event in known.iter_mut().filter(|event| event.since.is_none()) {
            let was = old.iter().any(|old| old.kind == event.kind);
            event.since = self.since(was || event.until.is_some());
        }
        for mut event in old {
            if !known.iter().any(|known| known.kind == event.kind) {
                event.until = Some(self.version.to_owned());
                known.push(event);
            }
        }
    }

    fn since(&self, was: bool) -> Option<String> {
        (!was).then(|| self.next.to_owned())
    }

    /// Objects gain the old fields, enums the old words; what became another kind of thing is
    /// what it is now.
    fn shape(&self, known: &mut Shape, old: Shape) {
        known.nullable |= old.nullable;
        match (&mut known.kind, old.kind) {
            (Kind::Object(known), Kind::Object(old)) => self.fields(known, old),
            (Kind::Enum(words), Kind::Enum(old)) => {
                for word in old {
                    if !words.contains(&word) {
                        words.push(word);
                    }
                }
            }
            _ => {}
        }
    }

    fn fields(&self, known: &mut ObjectRule, old: ObjectRule) {
        for field in &mut known.fields {
            let before = old.fields.iter().find(|old| old.name == field.name);
            field.shape.nullable |= before.is_some_and(|before| before.shape.nullable);
            if field.since.is_none() && field.until.is_none() {
                field.since = self.since(before.is_some());
            }
        }
        for field in old.fields {
            if known.field(&field.name).is_none() {
                known.fields.push(Field {
                    required: false,
                    until: Some(self.version.to_owned()),
                    ..field
                });
            }
        }
    }
}

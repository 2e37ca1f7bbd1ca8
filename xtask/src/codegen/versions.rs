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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_only_the_newest_has_says_since_when() {
        let merged = merged([
            version(
                "2026-10",
                &["get", "find"],
                &fields(&["id", "name"]),
                &["paid"],
            ),
            version("2026-04", &["get"], &fields(&["id"]), &["paid"]),
        ]);
        let [get, find] = merged.operations.as_slice() else {
            panic!("{merged:?}")
        };
        assert_eq!((&get.since, &get.until), (&None, &None));
        assert_eq!(find.since.as_deref(), Some("2026-10"));
        assert_eq!(order(&merged, "id").since, None);
        assert_eq!(order(&merged, "name").since.as_deref(), Some("2026-10"));
    }

    #[test]
    fn what_only_an_older_one_has_stays_optional_and_says_until_when() {
        let merged = merged([
            version("2026-10", &["get"], &fields(&["id"]), &["paid"]),
            version(
                "2026-04",
                &["get", "find"],
                &fields(&["id", "name"]),
                &["paid", "sent"],
            ),
        ]);
        let find = merged.operations.iter().find(|known| known.id == "find");
        assert_eq!(find.unwrap().until.as_deref(), Some("2026-04"));
        let name = order(&merged, "name");
        assert_eq!(
            (name.required, name.until.as_deref()),
            (false, Some("2026-04"))
        );
        let words = &merged.shapes["Status"].kind;
        assert_eq!(
            words,
            &Kind::Enum(vec!["paid".to_owned(), "sent".to_owned()])
        );
    }

    #[test]
    fn what_was_once_null_may_be() {
        let mut old = fields(&["id"]);
        old[0]["shape"]["nullable"] = json!(true);
        let merged = merged([
            version("2026-10", &[], &fields(&["id"]), &[]),
            version("2026-04", &[], &old, &[]),
        ]);
        assert!(order(&merged, "id").shape.nullable);
    }

    #[test]
    fn of_several_versions_the_first_that_had_it_is_named() {
        let merged = merged([
            version("2027-01", &["get"], &fields(&["id", "name"]), &[]),
            version("2026-10", &["get"], &fields(&["id", "name"]), &[]),
            version("2026-04", &[], &fields(&["id"]), &[]),
        ]);
        assert_eq!(merged.operations[0].since.as_deref(), Some("2026-10"));
        assert_eq!(order(&merged, "name").since.as_deref(), Some("2026-10"));
    }

    #[test]
    fn versions_out_of_order_stop_the_generator() {
        let [old, new] = ["2026-04", "2026-10"].map(|name| version(name, &[], &fields(&[]), &[]));
        assert!(merge(old, vec![new]).is_err());
    }

    fn merged<const N: usize>(versions: [Facts; N]) -> Facts {
        let mut versions = versions.into_iter();
        merge(versions.next().unwrap(), versions.collect()).unwrap()
    }

    fn order<'a>(facts: &'a Facts, field: &str) -> &'a Field {
        let Kind::Object(object) = &facts.shapes["Order"].kind else {
            panic!("not an object")
        };
        object.field(field).unwrap()
    }

    fn fields(names: &[&str]) -> Value {
        let field =
            |name| json!({"name": name, "required": true, "shape": {"kind": {"string": {}}}});
        names.iter().map(field).collect()
    }

    fn version(name: &str, operations: &[&str], fields: &Value, words: &[&str]) -> Facts {
        let operation = |id: &&str| {
            json!({"id": id, "method": "GET", "path": "/", "tag": "orders", "group": "orders",
                "name": id, "auth": [], "scopes": [], "parameters": [], "success": {"status": 200}})
        };
        let operations: Vec<_> = operations.iter().map(operation).collect();
        let facts = json!({"document_version": name, "versions": [], "default_version": "",
        "operations": operations, "events": [], "shapes": {
            "Order": {"kind": {"object": {"fields": fields}}},
            "Status": {"kind": {"enum": words}},
        }});
        Facts::from_json(&facts.to_string()).unwrap()
    }
}

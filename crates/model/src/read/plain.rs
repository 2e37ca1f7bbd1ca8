//! How the plain types are read.

use std::{collections::BTreeMap, str::FromStr};

use jiff::civil::Date;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Json, Node, Read};

impl Read for String {
    fn read(node: &Node<'_>) -> Self {
        node.text().to_owned()
    }
}

impl Read for bool {
    fn read(node: &Node<'_>) -> Self {
        match node.json() {
            Some(Json::Flag(flag)) => *flag,
            None => false,
            Some(_) => {
                node.expected("true or false");
                false
            }
        }
    }
}

impl Read for i64 {
    fn read(node: &Node<'_>) -> Self {
        let whole = match node.json() {
            Some(Json::Number(number)) => number.as_i64(),
            _ => None,
        };
        whole.unwrap_or_else(|| {
            node.expected("a whole number of 64 bits");
            0
        })
    }
}

impl Read for Uuid {
    fn read(node: &Node<'_>) -> Self {
        node.parsed("UUID").unwrap_or_default()
    }
}

impl Read for Date {
    fn read(node: &Node<'_>) -> Self {
        node.parsed("day").unwrap_or_default()
    }
}

impl Read for Value {
    fn read(node: &Node<'_>) -> Self {
        node.to_value()
    }
}

impl<T: Read> Read for Box<T> {
    fn read(node: &Node<'_>) -> Self {
        Self::new(T::read(node))
    }
}

impl<T: Read> Read for Option<T> {
    fn read(node: &Node<'_>) -> Self {
        node.json().map(|_something| T::read(node))
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node<'_>) -> Self {
        let items = list(node).iter().enumerate();
        items
            .map(|(index, item)| T::read(&node.item(index, item)))
            .collect()
    }
}

fn list<'a>(node: &Node<'a>) -> &'a [Json<'a>] {
    match node.json() {
        Some(Json::List(items)) => items,
        None => &[],
        Some(_) => {
            node.expected("a list");
            &[]
        }
    }
}

impl<A: Read, B: Read> Read for (A, B) {
    fn read(node: &Node<'_>) -> Self {
        let [one, two] = list(node) else {
            node.expected("a pair");
            return (A::read(node), B::read(node));
        };
        (A::read(&node.item(0, one)), B::read(&node.item(1, two)))
    }
}

impl Read for Map<String, Value> {
    fn read(node: &Node<'_>) -> Self {
        match node.object().to_value() {
            Value::Object(entries) => entries,
            _ => Self::new(),
        }
    }
}

impl<K: FromStr + Ord, T: Read> Read for BTreeMap<K, T> {
    fn read(node: &Node<'_>) -> Self {
        let Some(Json::Object(entries)) = node.object().json() else {
            return Self::new();
        };
        let entries = entries.iter().filter_map(|(name, entry)| {
            let entry = node.entry(name, entry);
            let Ok(key) = name.parse() else {
                entry.problem("this is no key".to_owned());
                return None;
            };
            Some((key, T::read(&entry)))
        });
        entries.collect()
    }
}

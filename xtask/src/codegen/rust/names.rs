//! Rust names for the document's names.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// A type's name.
pub(super) fn type_name(name: &str) -> String {
    name.to_upper_camel_case()
}

/// A field's, method's or module's name.
pub(super) fn field_name(name: &str) -> String {
    let snake = name.to_snake_case();
    match snake.as_str() {
        "type" => "kind".to_owned(),
        "self" | "super" | "crate" => format!("{snake}_"),
        "ref" | "use" | "match" | "move" | "where" | "in" | "for" | "loop" | "mod" | "fn"
        | "static" | "const" | "enum" | "struct" | "trait" | "impl" | "let" | "if" | "else" => {
            format!("r#{snake}")
        }
        _ => snake,
    }
}

/// A variant's name for a word on the wire; a leading minus means descending order.
pub(super) fn variant_name(word: &str) -> String {
    if let Some(ascending) = word.strip_prefix('-') {
        return format!("{}Descending", variant_name(ascending));
    }
    let camel = word.to_upper_camel_case();
    match camel.chars().next() {
        None => "Empty".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("N{camel}"),
        Some(_) if camel == "Self" => "Itself".to_owned(),
        Some(_) => camel,
    }
}

/// Short names for the branches of a union: what they all share in front and behind is dropped,
/// unless something would be left without a name.
pub(super) fn branch_names(names: &[String]) -> Vec<String> {
    let words: Vec<Vec<String>> = names.iter().map(|name| split(name)).collect();
    let front = shared(&words, |words, index| words.get(index));
    let back = shared(&words, |words, index| words.iter().rev().nth(index));
    let shortest = words.iter().map(Vec::len).min().unwrap_or_default();
    let (front, back) = match shortest {
        _ if front + back < shortest => (front, back),
        _ if front < shortest => (front, 0),
        _ if back < shortest => (0, back),
        _ => (0, 0),
    };
    let cut = |words: &Vec<String>| {
        words
            .iter()
            .take(words.len() - back)
            .skip(front)
            .map(String::as_str)
            .collect()
    };
    words.iter().map(cut).collect()
}

fn shared(words: &[Vec<String>], word: impl Fn(&Vec<String>, usize) -> Option<&String>) -> usize {
    let Some(first) = words.first() else { return 0 };
    (0..first.len())
        .take_while(|&index| {
            words
                .iter()
                .all(|other| word(other, index) == word(first, index))
        })
        .count()
}

fn split(name: &str) -> Vec<String> {
    name.to_snake_case()
        .split('_')
        .map(ToUpperCamelCase::to_upper_camel_case)
        .collect()
}

/// Whether a name fits a pattern in which one or two `*` stand for anything.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split('*').collect::<Vec<_>>().as_slice() {
        [whole] => *whole == name,
        [front, back] => {
            name.len() >= front.len() + back.len()
                && name.starts_with(front)
                && name.ends_with(back)
        }
        ["", middle, ""] => name.contains(middle),
        _ => false,
    }
}

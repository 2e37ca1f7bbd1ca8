//! Paths, compared as forgivingly as the most forgiving app: what is over-matched here, another
//! app answers with 404, which does not count.

/// A path in small letters, decoded but for its slashes, without what leads nowhere.
pub(super) fn plain(path: &str) -> String {
    let text = percent_decoded(path, |byte| byte != b'/');
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/")).to_ascii_lowercase()
}

/// The same with the slashes that were written as `%2F`.
pub(super) fn decoded(path: &str) -> String {
    percent_decoded(path, |_byte| true)
}

/// What an object is called that lies at this path.
pub(crate) fn object_key(path: &str) -> String {
    decoded(path).trim_start_matches('/').to_owned()
}

/// A rule's pattern, to compare such paths with; what stands in braces is kept.
pub(super) fn pattern(pattern: &str) -> String {
    let mut depth = 0_i32;
    let mut text = String::with_capacity(pattern.len());
    for letter in pattern.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        let small = if depth == 0 {
            letter.to_ascii_lowercase()
        } else {
            letter
        };
        text.push(small);
    }
    let plain = text.trim_end_matches('/');
    if plain.is_empty() {
        "/".to_owned()
    } else {
        plain.to_owned()
    }
}

fn percent_decoded(text: &str, wanted: impl Fn(u8) -> bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let escaped = (*first == b'%').then(|| escape(after)).flatten();
        match escaped.filter(|byte| wanted(*byte)) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What two hexadecimal digits stand for.
fn escape(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

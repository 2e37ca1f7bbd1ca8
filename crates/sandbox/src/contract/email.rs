//! E-mail addresses: their syntax, not whether somebody reads them.

use serde_json::{Value, json};

use super::check::Check;

/// Names that never carry mail on the open network.
const RESERVED: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];
const LOCAL_MAX: usize = 64;
const LENGTH_MAX: usize = 254;

/// The address with its domain in small letters.
pub(super) fn check(check: &mut Check, text: &str, value: &Value) -> Option<Value> {
    match read(text.trim()) {
        Ok(address) => Some(address.into()),
        Err(reason) => {
            let message = format!("value is not a valid email address: {reason}");
            check.flaw(
                "value_error",
                message,
                value,
                Some(json!({"reason": reason})),
            );
            None
        }
    }
}

fn read(text: &str) -> Result<String, &'static str> {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err("An email address must have an @-sign.");
    };
    if local.is_empty() {
        return Err("There must be something before the @-sign.");
    }
    if domain.is_empty() {
        return Err("There must be something after the @-sign.");
    }
    if local.len() > LOCAL_MAX {
        return Err("The email address is too long before the @-sign.");
    }
    if text.len() > LENGTH_MAX {
        return Err("The email address is too long.");
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err("The part before the @-sign cannot begin, end or repeat with a period.");
    }
    if !local.chars().all(is_local) {
        return Err("The email address contains invalid characters before the @-sign.");
    }
    let domain = domain.to_lowercase();
    if !domain.contains('.') {
        return Err("The part after the @-sign is not valid. It should have a period.");
    }
    if !domain.split('.').all(is_label) {
        return Err("The part after the @-sign contains invalid characters.");
    }
    let top = domain.rsplit('.').next().unwrap_or_default();
    if RESERVED.contains(&top) {
        return Err(
            "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
        );
    }
    Ok(format!("{local}@{domain}"))
}

fn is_local(character: char) -> bool {
    character.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(character)
}

fn is_label(label: &str) -> bool {
    let edge = label.starts_with('-') || label.ends_with('-');
    !label.is_empty() && !edge && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

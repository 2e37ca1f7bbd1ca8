//! Whether a customer may use one thing: one living reason is enough. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

use super::derive::Detail;
use super::standing::{Reason, Standing};
use crate::usage::balance;

/// What is answered.
#[derive(Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    /// Why, in a word.
    pub(crate) reason: String,
    /// The feature's value, or what the meter has left.
    pub(crate) value: Option<Value>,
}

impl Verdict {
    fn new(allowed: bool, reason: &str, value: Option<Value>) -> Self {
        Self {
            allowed,
            reason: reason.to_owned(),
            value,
        }
    }
}

/// One living reason is enough; without any, the latest against is told.
pub(crate) fn by_target(standing: &Standing, kind: &str, target: &str, now: Timestamp) -> Verdict {
    let about = standing.reasons.iter();
    told(about.filter(|one| one.is_about(kind, target)), now)
}

/// Whether somebody of the customer sits on a seat of a product; of a member, whether they do.
pub(crate) fn by_seat(
    standing: &Standing,
    product: &str,
    member: Option<&str>,
    now: Timestamp,
) -> Verdict {
    let about = standing.reasons.iter();
    let about = about.filter(|one| one.is_about("seat", product));
    told(
        about.filter(|one| member.is_none_or(|member| is_of(one, member))),
        now,
    )
}

/// Whether this member sits, or sat, there: by Polar's id or by the application's.
fn is_of(seat: &Reason, member: &str) -> bool {
    let Detail {
        member_id,
        external_member_id,
        ..
    } = seat.detail();
    [member_id, external_member_id].contains(&Some(member.to_owned()))
}

fn told<'a>(about: impl Iterator<Item = &'a Reason>, now: Timestamp) -> Verdict {
    match about.max_by_key(|one| (one.grants(now), one.since(now))) {
        Some(one) => Verdict::new(one.grants(now), one.word(now), None),
        None => Verdict::new(false, "never_granted", None),
    }
}

pub(crate) fn by_feature(standing: &Standing, name: &str, now: Timestamp) -> Verdict {
    let granted = standing.reasons.iter().filter(|one| one.grants(now));
    let values = granted.flat_map(Reason::features);
    let values = values.filter(|(feature, _)| *feature == name);
    let value = values
        .map(|(_, value)| value)
        .reduce(|kept, other| if is_off(kept) { other } else { kept });
    match value {
        Some(value) => {
            let off = is_off(value);
            let reason = if off { "switched_off" } else { "granted" };
            Verdict::new(!off, reason, Some(value.clone()))
        }
        None => Verdict::new(false, "never_granted", None),
    }
}

pub(crate) fn by_meter(left: Option<Decimal>) -> Verdict {
    let Some(left) = left else {
        return Verdict::new(false, "no_such_meter", None);
    };
    let allowed = left.is_sign_positive() && !left.is_zero();
    let reason = if allowed { "units_left" } else { "used_up" };
    Verdict::new(allowed, reason, Some(Value::Number(balance::number(left))))
}

/// What one grant switches on, no other switches off.
pub(crate) fn all_features<'a>(
    granted: impl Iterator<Item = &'a Reason>,
) -> BTreeMap<String, Value> {
    let mut all: BTreeMap<String, Value> = BTreeMap::new();
    for (key, value) in granted.flat_map(Reason::features) {
        match all.get_mut(key) {
            Some(slot) if is_off(slot) => slot.clone_from(value),
            Some(_) => {}
            None => drop(all.insert(key.to_owned(), value.clone())),
        }
    }
    all
}

fn is_off(value: &Value) -> bool {
    matches!(value, Value::Bool(false)) || value == "false" || value == 0
}

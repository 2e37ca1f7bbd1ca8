//! Moments and dates, in the forms pydantic reads.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::check::Check;
use crate::render;

/// Numbers beyond this are milliseconds.
const SECONDS_MAX: f64 = 2e10;

/// A moment as text. One without an offset is meant as UTC.
pub(super) fn moment(check: &mut Check, value: &Value) -> Option<Value> {
    match read(value) {
        Ok(Moment::Aware(moment) | Moment::Naive(moment)) => Some(render::time(moment)),
        Err(problem) => {
            refuse(check, &problem, value);
            None
        }
    }
}

/// A moment that has yet to come.
pub(super) fn future(check: &mut Check, value: &Value) -> Option<Value> {
    match read(value) {
        Ok(Moment::Aware(moment) | Moment::Naive(moment)) if moment > check.now => {
            Some(render::time(moment))
        }
        Ok(_) => {
            check.flaw(
                "datetime_future",
                "Input should be in the future",
                value,
                None,
            );
            None
        }
        Err(problem) => {
            refuse(check, &problem, value);
            None
        }
    }
}

/// A moment that must say its offset.
pub(super) fn aware(check: &mut Check, value: &Value) -> Option<Timestamp> {
    match read(value) {
        Ok(Moment::Aware(moment)) => Some(moment),
        Ok(Moment::Naive(_)) => {
            check.flaw(
                "timezone_aware",
                "Input should have timezone info",
                value,
                None,
            );
            None
        }
        Err(problem) => {
            refuse(check, &problem, value);
            None
        }
    }
}

/// A day.
pub(super) fn date(check: &mut Check, value: &Value) -> Option<Value> {
    let day = match read(value) {
        Ok(Moment::Aware(moment) | Moment::Naive(moment)) => {
            let there = moment.to_zoned(TimeZone::UTC);
            if there.time() != jiff::civil::Time::midnight() {
                let message =
                    "Datetimes provided to dates should have zero time - e.g. be exact dates";
                check.flaw("date_from_datetime_inexact", message, value, None);
                return None;
            }
            there.date()
        }
        Err(Problem::Kind) => {
            check.flaw("date_type", "Input should be a valid date", value, None);
            return None;
        }
        Err(Problem::Text(error)) => {
            let message = format!("Input should be a valid date or datetime, {error}");
            let context = json!({"error": error});
            check.flaw("date_from_datetime_parsing", message, value, Some(context));
            return None;
        }
    };
    Some(day.to_string().into())
}

enum Moment {
    Aware(Timestamp),
    Naive(Timestamp),
}

enum Problem {
    /// Neither text nor number.
    Kind,
    Text(&'static str),
}

fn read(value: &Value) -> Result<Moment, Problem> {
    match value {
        Value::Number(number) => epoch(number.as_f64().unwrap_or_default()),
        Value::String(text) => parse(text),
        _ => Err(Problem::Kind),
    }
}

fn parse(text: &str) -> Result<Moment, Problem> {
    let capital = text.replacen(' ', "T", 1).to_ascii_uppercase();
    if let Ok(moment) = capital.parse::<Timestamp>() {
        return Ok(Moment::Aware(moment));
    }
    if let Ok(naive) = capital.parse::<DateTime>()
        && let Ok(zoned) = naive.to_zoned(TimeZone::UTC)
    {
        return Ok(Moment::Naive(zoned.timestamp()));
    }
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match text.parse::<f64>() {
        Ok(seconds) if is_number => epoch(seconds),
        _ => Err(Problem::Text(complaint(text))),
    }
}

fn epoch(number: f64) -> Result<Moment, Problem> {
    let scale = if number.abs() > SECONDS_MAX {
        1_000.0
    } else {
        1.0
    };
    #[expect(
        clippy::float_arithmetic,
        reason = "a JSON number of seconds has a fraction"
    )]
    let seconds = number / scale;
    SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|since| Timestamp::from_duration(since).ok())
        .map(Moment::Aware)
        .ok_or(Problem::Text(
            "dates after 9999 are not supported as unix timestamps",
        ))
}

fn refuse(check: &mut Check, problem: &Problem, value: &Value) {
    match problem {
        Problem::Kind => {
            check.flaw(
                "datetime_type",
                "Input should be a valid datetime",
                value,
                None,
            );
        }
        Problem::Text(error) => {
            let message = format!("Input should be a valid datetime or date, {error}");
            let context = json!({"error": error});
            check.flaw("datetime_from_date_parsing", message, value, Some(context));
        }
    }
}

/// What is wrong with a text that is no moment, read as a day from its beginning.
fn complaint(text: &str) -> &'static str {
    let bytes = text.as_bytes();
    if bytes.len() < 10 {
        return "input is too short";
    }
    let digits = |from: usize, to: usize| {
        bytes
            .get(from..to)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let dash = |at: usize| bytes.get(at) == Some(&b'-');
    if !digits(0, 4) {
        return "invalid character in year";
    }
    if !dash(4) || !dash(7) {
        return if digits(5, 7) || !dash(4) {
            "invalid date separator, expected `-`"
        } else {
            "invalid character in month"
        };
    }
    if !digits(5, 7) {
        return "invalid character in month";
    }
    if !digits(8, 10) {
        return "invalid character in day";
    }
    let month = text.get(5..7).and_then(|month| month.parse::<u8>().ok());
    if !month.is_some_and(|month| (1..=12).contains(&month)) {
        return "month value is outside expected range of 1-12";
    }
    let is_day = text
        .get(..10)
        .is_some_and(|day| day.parse::<Date>().is_ok());
    if is_day {
        "unexpected extra characters at the end of the input"
    } else {
        "day value is outside expected range"
    }
}

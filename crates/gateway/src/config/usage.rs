//! What configuration says about usage.

use super::Server;
use super::read::Reader;

/// How usage gets to Polar.
#[derive(Debug, Clone)]
pub struct Usage {
    /// `POLARKIT_USAGE_PER_MINUTE`: requests a minute that sending usage may make, a share of Polar's
    /// limit unless told otherwise.
    pub per_minute: u32,
    /// `POLARKIT_USAGE_HOLD_MINUTES`: for how long events of a customer that Polar does not have yet
    /// are held back; 0 for not at all.
    pub hold_minutes: u32,
    /// `POLARKIT_USAGE_ROLLUP`: which events become one where that changes no figure.
    pub rollups: Vec<Rollup>,
}

/// Events of one name, of which a window's become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollup {
    /// The events' name.
    pub event: String,
    /// What meters do with the property.
    pub func: Func,
    /// The property of the metadata.
    pub property: String,
    /// How long a window is; a part of an hour, so that no hour's figures change.
    pub seconds: u32,
}

/// What becomes of many figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Func {
    /// They are added up.
    Sum,
    /// The highest counts.
    Max,
}

impl Func {
    /// Polar's word for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Max => "max",
        }
    }
}

impl Usage {
    pub(super) fn read(read: &mut Reader<'_>, server: &Server) -> Self {
        Self {
            per_minute: read.number("POLARKIT_USAGE_PER_MINUTE", server.share()),
            hold_minutes: hold_minutes(read),
            rollups: rollups(read),
        }
    }
}

/// Usage is billed when it arrives, so that longer than a day would cost more than it helps.
fn hold_minutes(read: &mut Reader<'_>) -> u32 {
    const NAME: &str = "POLARKIT_USAGE_HOLD_MINUTES";
    if let Ok(minutes @ 0..=1_440) = read.get(NAME).map_or(Ok(0), str::parse) {
        return minutes;
    }
    let remedy = "set it to a whole number of minutes up to 1440, or to 0 for not at all";
    read.fault(NAME, "is no time to hold usage back", remedy);
    0
}

/// Such as `api_call=sum(tokens)/60`.
fn rollups(read: &mut Reader<'_>) -> Vec<Rollup> {
    const NAME: &str = "POLARKIT_USAGE_ROLLUP";
    let mut rollups = Vec::new();
    for item in read.list(NAME) {
        if item.contains("=count") {
            let remedy = "leave those events out: a meter that counts them would count fewer";
            read.fault(NAME, "rolls up events that are counted", remedy);
        } else if let Some(rollup) = rollup(&item) {
            rollups.push(rollup);
        } else {
            let remedy = "list rules such as api_call=sum(tokens)/60: an event, sum or max of a \
                 property, and a number of seconds that divides an hour";
            read.fault(NAME, "holds something that is no rule", remedy);
        }
    }
    rollups
}

fn rollup(item: &str) -> Option<Rollup> {
    let (rule, seconds) = item.rsplit_once('/')?;
    let (event, figure) = rule.rsplit_once('=')?;
    let (func, property) = figure.strip_suffix(')')?.split_once('(')?;
    let seconds = seconds.parse().ok().filter(|seconds| *seconds > 0)?;
    let func = match func {
        "sum" => Func::Sum,
        "max" => Func::Max,
        _ => return None,
    };
    let fits = !event.is_empty() && !property.is_empty() && 3_600_u32.is_multiple_of(seconds);
    fits.then(|| Rollup {
        event: event.to_owned(),
        func,
        property: property.to_owned(),
        seconds,
    })
}

//! What configuration says about opening checkouts, and for whom.

use super::read::Reader;

/// How checkouts are opened.
#[derive(Debug, Clone, Copy)]
pub struct Selling {
    /// `POLARKIT_CHECKOUT_REUSE_SECONDS`: for how long the same wish gets the same open checkout; 0
    /// for never.
    pub reuse_seconds: u32,
    /// `POLARKIT_CUSTOMER_CONFLICT`.
    pub conflict: Conflict,
    /// `POLARKIT_PROVISIONAL_MINUTES`: for how long a paid checkout gives access on its own; 0 for
    /// not at all.
    pub provisional_minutes: u32,
}

/// What is done when the e-mail of somebody new belongs to a customer already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// Nothing is opened: the application has to say who it is.
    Refuse,
    /// A customer without an external id becomes the one the application names.
    Link,
    /// The e-mail is left out: the buyer is asked for one.
    Separate,
}

impl Selling {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        Self {
            reuse_seconds: reuse_seconds(read),
            conflict: conflict(read),
            provisional_minutes: provisional_minutes(read),
        }
    }
}

/// Polar's checkouts live for a day, so that no longer makes sense.
fn reuse_seconds(read: &mut Reader<'_>) -> u32 {
    const NAME: &str = "POLARKIT_CHECKOUT_REUSE_SECONDS";
    if let Ok(seconds @ 0..=86_400) = read.get(NAME).map_or(Ok(600), str::parse) {
        return seconds;
    }
    let remedy = "set it to a whole number of seconds up to 86400, or to 0 for never";
    read.fault(NAME, "is no time a checkout is open", remedy);
    0
}

/// Whoever was not told of a purchase for a day is not told of it by waiting.
fn provisional_minutes(read: &mut Reader<'_>) -> u32 {
    const NAME: &str = "POLARKIT_PROVISIONAL_MINUTES";
    if let Ok(minutes @ 0..=1_440) = read.get(NAME).map_or(Ok(30), str::parse) {
        return minutes;
    }
    let remedy = "set it to a whole number of minutes up to 1440, or to 0 for not at all";
    read.fault(NAME, "is no time to wait for a webhook", remedy);
    0
}

fn conflict(read: &mut Reader<'_>) -> Conflict {
    const NAME: &str = "POLARKIT_CUSTOMER_CONFLICT";
    match read.get(NAME) {
        None | Some("refuse") => Conflict::Refuse,
        Some("link") => Conflict::Link,
        Some("separate") => Conflict::Separate,
        Some(_) => {
            let remedy = "set it to refuse, link or separate";
            read.fault(NAME, "is nothing that can be done about one", remedy);
            Conflict::Refuse
        }
    }
}

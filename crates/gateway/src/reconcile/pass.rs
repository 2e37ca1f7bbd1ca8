//! The full pass: every list read to its end, page by page, each page with its progress in one
//! transaction, so that a pass that is broken off goes on where it was.

use jiff::SignedDuration;
use polarkit_store::{Reading, crash};

use super::table::{SEATS, TABLES, Table};
use super::take::{Taking, take};
use super::{Trouble, page, vanished};
use crate::gateway::Gateway;
use crate::problem::chain;
use crate::time::is_past;

/// A list that cannot be read (a scope is missing, say) is tried again after so long.
const REFUSED_FOR: SignedDuration = SignedDuration::from_mins(10);
/// How far the moment of one answer may lie before that of an earlier one: `Date` counts seconds.
const JITTER: SignedDuration = SignedDuration::from_secs(5);
/// Where a reading is once its pages are read: what it did not come across is looked for.
const ABSENT: &str = "absent:";
/// Where a reading begins.
const FIRST_PAGE: &str = "1";

/// Reads the next page of the first list that is due; says whether any was.
pub(super) async fn step(gateway: &Gateway) -> Result<bool, Trouble> {
    let now = gateway.time.local().as_microsecond();
    let readings = gateway.store.readings().await?;
    for table in TABLES.iter().chain([&SEATS]) {
        let reading = readings.iter().find(|reading| reading.kind == table.kind);
        let mut reading = reading.cloned().unwrap_or_else(|| Reading {
            kind: table.kind.to_owned(),
            ..Reading::default()
        });
        if !is_due(gateway, &reading, now) || (table.kind == SEATS.kind && !sold(&readings)) {
            continue;
        }
        if reading.place.is_empty() {
            FIRST_PAGE.clone_into(&mut reading.place);
            reading.started_at = now;
            reading.objects = 0;
        }
        return match go_on(gateway, table, reading.clone()).await {
            Ok(()) => Ok(true),
            Err(trouble) => {
                failed(gateway, reading, &trouble, now).await?;
                match trouble.holds_all(0) {
                    Some(_) => Err(trouble),
                    None => Ok(true),
                }
            }
        };
    }
    Ok(false)
}

/// Whether all that is sold by seats is known: before that, no seat to ask for would look like none.
fn sold(readings: &[Reading]) -> bool {
    let read = |kind: &str| {
        let found = readings.iter().find(|reading| reading.kind == kind);
        found.is_some_and(|reading| reading.complete_at.is_some())
    };
    read("subscription") && read("order")
}

/// Has every list read from its beginning, now.
pub(crate) async fn restart(gateway: &Gateway) -> Result<(), polarkit_store::Error> {
    let now = gateway.time.local().as_microsecond();
    let readings = gateway.store.readings().await?;
    for table in TABLES.iter().chain([&SEATS]) {
        let reading = readings.iter().find(|reading| reading.kind == table.kind);
        let reading = Reading {
            kind: table.kind.to_owned(),
            started_at: now,
            place: FIRST_PAGE.to_owned(),
            objects: 0,
            failed_at: None,
            ..reading.cloned().unwrap_or_default()
        };
        gateway.store.put_reading(&reading).await?;
    }
    Ok(())
}

fn is_due(gateway: &Gateway, reading: &Reading, now: i64) -> bool {
    if let Some(failed_at) = reading.failed_at {
        return is_past(failed_at, REFUSED_FOR, now);
    }
    let every = SignedDuration::from_hours(i64::from(gateway.config.healing.hours));
    let is_under_way = !reading.place.is_empty() || reading.finished_at.is_none();
    is_under_way || is_past(reading.started_at, every, now)
}

/// Notes why a list could not be read. What holds everybody up is no fault of the list.
async fn failed(
    gateway: &Gateway,
    reading: Reading,
    trouble: &Trouble,
    now: i64,
) -> Result<(), Trouble> {
    if let Trouble::Store(_) = trouble {
        return Ok(());
    }
    let error = chain(trouble);
    let kind = &reading.kind;
    let refused = trouble.holds_all(0).is_none();
    tracing::warn!(kind, %error, "a list of Polar's cannot be read back");
    let reading = Reading {
        failed_at: refused.then_some(now),
        error: Some(error),
        ..reading
    };
    gateway.store.put_reading(&reading).await?;
    Ok(())
}

async fn go_on(gateway: &Gateway, table: &'static Table, reading: Reading) -> Result<(), Trouble> {
    if let Some(after) = reading.place.strip_prefix(ABSENT) {
        let after = after.to_owned();
        return vanished::step(gateway, table, reading, &after).await;
    }
    if table.kind == SEATS.kind {
        return seats(gateway, reading).await;
    }
    let number = reading.place.parse().unwrap_or(1);
    let page = page::read(gateway, table, number, None).await?;
    let count = page.objects.len() + page.unreadable.len();
    let mut next = Reading {
        objects: reading.objects + i64::try_from(count).unwrap_or_default(),
        failed_at: None,
        error: page.unreadable.first().cloned(),
        ..reading.clone()
    };
    if number <= 1 {
        next.began_at = before(page.at);
    }
    if page.more {
        next.place = (number + 1).to_string();
    } else if table.by_id || next.objects == page.total {
        ABSENT.clone_into(&mut next.place);
    } else {
        // It moved while it was read, and nothing can be asked for by its id.
        finish(gateway, &mut next);
    }
    project(gateway, table, &page, &next, reading.is_again()).await
}

/// The seats of the next subscription or order that has any.
async fn seats(gateway: &Gateway, reading: Reading) -> Result<(), Trouble> {
    /// Bodies looked at in one go.
    const LOOKED_AT: i64 = 200;
    let (kind, after) = match reading.place.split_once(':') {
        Some(("order", after)) => ("order", after),
        Some((_, after)) => ("subscription", after),
        None => ("subscription", ""),
    };
    let bodies = gateway.store.bodies(kind, after, LOOKED_AT).await?;
    let mut next = Reading {
        failed_at: None,
        error: None,
        ..reading.clone()
    };
    if after.is_empty() && kind == "subscription" {
        next.began_at = before(gateway.time.surely_past().as_microsecond());
    }
    let seated = bodies.iter().find(|(_, body)| has_seats(body));
    let Some((id, _)) = seated else {
        match (bodies.last(), kind) {
            (Some((last, _)), _) => next.place = format!("{kind}:{last}"),
            (None, "subscription") => "order:".clone_into(&mut next.place),
            (None, _) => finish(gateway, &mut next),
        }
        return Ok(gateway.store.put_reading(&next).await?);
    };
    next.place = format!("{kind}:{id}");
    let bought_with = if kind == "order" {
        "order_id"
    } else {
        "subscription_id"
    };
    let page = match page::seats(gateway, bought_with, id).await {
        Err(Trouble::Polar(failure)) if failure.is_about_the_request() => {
            // This one has none to show; the others have.
            return Ok(gateway.store.put_reading(&next).await?);
        }
        page => page?,
    };
    next.objects += i64::try_from(page.objects.len()).unwrap_or_default();
    project(gateway, &SEATS, &page, &next, reading.is_again()).await
}

/// Whether something was sold by seats.
pub(super) fn has_seats(body: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Sold {
        #[serde(default)]
        seats: Option<i64>,
    }
    serde_json::from_str::<Sold>(body).is_ok_and(|sold| sold.seats.is_some())
}

/// The reading came to its end.
pub(super) fn finish(gateway: &Gateway, reading: &mut Reading) {
    reading.place = String::new();
    reading.complete_at = Some(reading.began_at);
    reading.finished_at = Some(gateway.time.local().as_microsecond());
    tracing::info!(
        kind = %reading.kind, objects = reading.objects, "a list of Polar's was read back"
    );
}

async fn project(
    gateway: &Gateway,
    table: &'static Table,
    page: &page::Page,
    next: &Reading,
    again: bool,
) -> Result<(), Trouble> {
    let now = gateway.time.local().as_microsecond();
    let mut tx = gateway.store.begin().await?;
    let taking = Taking::of(table, again, page.at, now);
    let changes = take(&mut tx, gateway, &page.objects, taking).await?;
    for error in &page.unreadable {
        tracing::error!(kind = table.kind, %error, "an object that was read is unreadable");
        let mut found = super::drift::found(("", table.kind, ""), "unreadable", String::new(), now);
        found.healed_at = None;
        super::take::tell(&mut tx, gateway, &found).await?;
    }
    tx.put_reading(next).await?;
    crash::point("page.taken");
    changes.commit(tx, gateway).await?;
    crash::point("page.committed");
    changes.tell(gateway).await;
    Ok(())
}

/// Before this moment and any a later answer may claim.
fn before(at: i64) -> i64 {
    at.saturating_sub(i64::try_from(JITTER.as_micros()).unwrap_or_default())
}

//! Licence keys that were just granted, read once each for their hash.

use jiff::{SignedDuration, Timestamp};
use serde_json::value::RawValue;

use super::table::LICENSE_KEYS;
use super::take::{Taking, take};
use super::{Trouble, page};
use crate::gateway::Gateway;
use crate::upstream::Failure;

/// How often a key that cannot be read is tried; the next reading of the whole list finds it anyway.
const TRIES_MAX: i64 = 6;
/// After how long it is tried again first.
const BACKOFF: SignedDuration = SignedDuration::from_secs(2);

/// Reads the key that is due first; says whether there was any.
pub(super) async fn step(gateway: &Gateway) -> Result<bool, Trouble> {
    let now = gateway.time.local();
    let due = gateway.store.unread_licenses(now.as_microsecond(), 1);
    let Some(one) = due.await?.into_iter().next() else {
        return Ok(false);
    };
    let Err(trouble) = read(gateway, &one.id).await else {
        return Ok(true);
    };
    // One that may not be read is not read by waiting.
    let given_up = matches!(trouble, Trouble::Polar(Failure::Credentials));
    let again = BACKOFF * (1 << one.tries.clamp(0, TRIES_MAX));
    let again = now.checked_add(again).ok();
    let again = again.filter(|_| !given_up && one.tries < TRIES_MAX);
    let due_at = again.map_or(i64::MAX, Timestamp::as_microsecond);
    gateway.store.license_not_read(&one.id, due_at).await?;
    match trouble.holds_all(0) {
        Some(_) => Err(trouble),
        None => Ok(true),
    }
}

/// Reads one key, and takes what is told of it.
pub(super) async fn read(gateway: &Gateway, id: &str) -> Result<(), Trouble> {
    let path = format!("{}{id}", LICENSE_KEYS.path);
    let answer = page::ask(gateway, &path, &[]).await?;
    let body: &RawValue = serde_json::from_slice(&answer.body)?;
    let objects = page::object(&LICENSE_KEYS, body, answer.at)?;
    let now = gateway.time.local().as_microsecond();
    let mut tx = gateway.store.begin().await?;
    let taking = Taking::of(&LICENSE_KEYS, true, answer.at, now);
    let changes = take(&mut tx, gateway, &objects, taking).await?;
    changes.commit(tx, gateway).await?;
    changes.tell(gateway).await;
    Ok(())
}

//! What a reading did not come across: asked for by its id, and gone only if Polar says so.

use polarkit_store::Reading;
use serde_json::value::RawValue;

use super::table::Table;
use super::take::Taking;
use super::{Trouble, customer, drift, page, pass, take};
use crate::entitlement::cause::Cause;
use crate::gateway::Gateway;
use crate::projection::{self, Changes};
use crate::upstream::Failure;

/// Looks for the next object that was not come across; ends the reading when there is none.
pub(super) async fn step(
    gateway: &Gateway,
    table: &'static Table,
    reading: Reading,
    after: &str,
) -> Result<(), Trouble> {
    let mut next = Reading {
        failed_at: None,
        ..reading.clone()
    };
    let unseen = gateway
        .store
        .unseen(table.kind, reading.began_at, after, 1)
        .await?;
    let Some(one) = unseen.into_iter().next() else {
        pass::finish(gateway, &mut next);
        return Ok(gateway.store.put_reading(&next).await?);
    };
    next.place = format!("absent:{}", one.id);
    let again = reading.is_again();
    let now = gateway.time.local().as_microsecond();
    if table.by_id {
        let path = format!("{}{}", table.path, one.id);
        match page::ask(gateway, &path, &[]).await {
            Ok(answer) => {
                let body: &RawValue = serde_json::from_slice(&answer.body)?;
                let objects = page::object(table, body, answer.at)?;
                let mut tx = gateway.store.begin().await?;
                let taking = Taking::of(table, again, answer.at, now);
                let changes = take::take(&mut tx, gateway, &objects, taking).await?;
                tx.put_reading(&next).await?;
                changes.commit(tx, gateway).await?;
                changes.tell(gateway).await;
                return Ok(());
            }
            // Not an id of Polar's, or none that it has.
            Err(Trouble::Polar(Failure::NotFound | Failure::Refused { .. })) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    if table.kind == "customer" {
        customer::gone(gateway, &one.id, reading.began_at).await?;
        return Ok(gateway.store.put_reading(&next).await?);
    }
    let mut tx = gateway.store.begin().await?;
    tx.lock_customers(&[one.customer.clone()].into()).await?;
    let vanished = tx
        .vanish(&one.customer, table.kind, &one.id, reading.began_at)
        .await?;
    // Of a benefit that is deleted no webhook tells.
    if vanished && table.told && again && table.kind != "benefit" {
        let what = (one.customer.as_str(), table.kind, one.id.as_str());
        let found = drift::found(what, "gone", String::new(), now);
        take::tell(&mut tx, gateway, &found).await?;
    }
    let mut changes = Changes::default();
    if !one.customer.is_empty() {
        let cause = Cause::read(table.kind, reading.began_at, now);
        projection::entitle(&mut tx, gateway, &one.customer, &[cause], now).await?;
        changes.customers.insert(one.customer);
    }
    tx.put_reading(&next).await?;
    changes.commit(tx, gateway).await?;
    changes.tell(gateway).await;
    Ok(())
}

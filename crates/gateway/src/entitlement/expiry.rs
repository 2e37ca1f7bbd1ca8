//! Access that is bound in time: it ends at its moment, told or not. Answers look at the time
//! themselves; this writes down what ended, and has it told once.

use std::time::Duration;

use polarkit_store::{Entitlement, Error, Expired};
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::problem::chain;
use crate::projection::{self, Changes};
use crate::time::pause;

/// How often those whose time is over are looked for. Nobody is let in for so long: only the notice
/// waits.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Customers looked up at once; each is a transaction of its own.
const BATCH_MAX: i64 = 64;

/// Brings rows to `now` (µs of Polar's time): whose time is over grants no more.
///
/// What was over `before` stays so, should the clock have stepped back: access that was told as
/// revoked never comes back unheard.
pub(crate) fn settle(rows: &mut [Entitlement], before: &[Entitlement], now: i64) {
    let over = before.iter().filter(|row| is_over(row));
    let now = over.map(|row| row.changed_at).fold(now, i64::max);
    for row in rows.iter_mut().filter(|row| row.granted) {
        let Some(end) = row.expires_at.filter(|end| *end <= now) else {
            continue;
        };
        row.granted = false;
        row.reason = word(&row.reason).to_owned();
        row.changed_at = end;
    }
}

/// What a reason is called once its time is over.
pub(crate) fn word(reason: &str) -> &'static str {
    match reason {
        "grace" => "past_due",
        _ => "expired",
    }
}

/// Whether this row was brought to its end: it tells of that, and of no statement of Polar's.
pub(crate) fn is_over(row: &Entitlement) -> bool {
    !row.granted && row.expires_at == Some(row.changed_at)
}

/// Writes down and tells whose time is over, until told to stop.
pub(crate) async fn run(gateway: Gateway, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = look(&gateway, &stop).await {
            tracing::error!(error = %chain(&error), "access that ended cannot be told");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = pause(LOOK_EVERY) => {}
        }
    }
}

/// All of them, once: whoever can't be settled holds up nobody behind.
async fn look(gateway: &Gateway, stop: &CancellationToken) -> Result<(), Error> {
    let mut behind = Expired {
        expires_at: i64::MIN,
        customer: String::new(),
    };
    loop {
        let now = gateway.time.now().as_microsecond();
        let found = gateway.store.expired(now, &behind, BATCH_MAX).await?;
        let Some(last) = found.last() else {
            return Ok(());
        };
        behind = last.clone();
        for one in found {
            if stop.is_cancelled() {
                return Ok(());
            }
            match end(gateway, one.customer.clone()).await {
                Err(error) if error.is_about_the_data() => {
                    let customer = one.customer;
                    tracing::error!(customer, error = %chain(&error), "ended access cannot be told");
                }
                outcome => outcome?,
            }
        }
    }
}

/// Several nodes may find the same customer: the second finds nothing left to change.
async fn end(gateway: &Gateway, customer: String) -> Result<(), Error> {
    let now = gateway.time.local().as_microsecond();
    let customers = [customer].into();
    let mut tx = gateway.store.begin().await?;
    tx.lock_customers(&customers).await?;
    for customer in &customers {
        projection::entitle(&mut tx, gateway, customer, &[], now).await?;
    }
    let changes = Changes {
        customers,
        ..Changes::default()
    };
    changes.commit(tx, gateway).await?;
    changes.tell(gateway).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(granted: bool, changed_at: i64) -> Entitlement {
        Entitlement {
            source: "subscription:s".to_owned(),
            kind: "product".to_owned(),
            target: "p".to_owned(),
            granted,
            reason: "grace".to_owned(),
            detail: "{}".to_owned(),
            changed_at,
            expires_at: Some(10),
            events: "[]".to_owned(),
        }
    }

    fn grants(before: &[Entitlement], now: i64) -> bool {
        let mut rows = [row(true, 5)];
        settle(&mut rows, before, now);
        rows[0].granted
    }

    #[test]
    fn what_was_over_stays_over_when_the_clock_steps_back() {
        assert!(grants(&[row(true, 5)], 9));
        assert!(!grants(&[row(true, 5)], 10));
        let over = row(false, 10);
        assert!(is_over(&over));
        assert!(!grants(&[over], 9));
    }
}

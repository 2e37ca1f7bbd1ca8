//! The projection: what Polar told, in a webhook or in answer to a read, becomes mirror rows, and
//! from them entitlements and notices. Both ways go through here, so that the later statement wins
//! whichever way it came.

pub(crate) mod contradiction;
#[cfg(test)]
mod permutation;
pub(crate) mod version;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use polarkit_model::CheckoutId;
use polarkit_store::{Doubt, Entitlement, Error, Essence, Notice, Object, Tx};

use self::version::Decision;
use crate::entitlement::cause::{self, Cause};
use crate::entitlement::{derive, expiry};
use crate::gateway::Gateway;
use crate::problem::chain;
use crate::subscriber::audience::Audience;
use crate::subscriber::notice::{self, About};

/// How long a doubt waits, so that what is still on its way may settle it and one read serves all.
const DOUBT_WAITS: SignedDuration = SignedDuration::from_secs(5);

/// What to tell the rest of the process once a transaction is committed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) customers: BTreeSet<String>,
    pub(crate) external_ids: BTreeSet<String>,
    pub(crate) checkouts: BTreeSet<CheckoutId>,
}

impl Changes {
    pub(crate) async fn tell(self, gateway: &Gateway) {
        gateway.shared.announce(&self);
        let external_ids = self.external_ids.iter().map(String::as_str);
        gateway
            .view
            .forget(self.customers.iter().map(String::as_str), external_ids);
        for checkout in self.checkouts {
            gateway.checkouts.forget(checkout).await;
        }
        gateway.licenses.forget(&self.customers).await;
        gateway.nudge();
    }
}

/// Takes a webhook's object into the mirror, and doubts its customer when it contradicts what is
/// known.
pub(crate) async fn take(
    tx: &mut Tx,
    gateway: &Gateway,
    object: &Object,
    now: i64,
) -> Result<(), Error> {
    if object.essence.is_some() && gateway.config.healing.reconcile {
        let known = tx.known(&object.customer, &object.kind, &object.id).await?;
        if version::decide(known.as_ref(), object) == Decision::Contradiction {
            let reason = format!("two_contents_of_one_{}", object.kind);
            let after_at = object.version.envelope_at;
            tx.doubt(&doubt(&object.customer, reason, after_at, now))
                .await?;
        }
    }
    tx.mirror(object).await.map(drop)
}

/// Brings one customer's entitlement rows in line with what is mirrored of them, notes in them what
/// led to it, and tells of it; says how they were and are, and why they are doubted.
pub(crate) async fn entitle(
    tx: &mut Tx,
    gateway: &Gateway,
    customer: &str,
    causes: &[Cause],
    now: i64,
) -> Result<Entitled, Error> {
    let mut entitled = align(tx, gateway, customer, causes).await?;
    let notices = std::mem::take(&mut entitled.notices);
    if !notices.is_empty() {
        Audience::read(tx).await?.tell(tx, notices, now).await?;
    }
    Ok(entitled)
}

/// The same; whoever asked for it tells.
pub(crate) async fn align(
    tx: &mut Tx,
    gateway: &Gateway,
    customer: &str,
    causes: &[Cause],
) -> Result<Entitled, Error> {
    let essences = tx.essences(customer).await?;
    let mut before = tx.entitlements(customer).await?;
    let mut after = match derive::derive(&essences, gateway.config.access.grace) {
        Ok(after) => after,
        Err(error) => {
            // Ours to mend; until then the customer keeps what they have.
            tracing::error!(customer, error = %chain(&error), "entitlements cannot be derived");
            return Ok(Entitled::unchanged(before));
        }
    };
    let at = gateway.time.now().as_microsecond();
    expiry::settle(&mut after, &before, at);
    let now = gateway.time.local().as_microsecond();
    cause::note(&mut after, &before, causes, now);
    for row in after.iter().filter(|row| !before.contains(row)) {
        tx.put_entitlement(customer, row).await?;
    }
    let kept = |row: &Entitlement| after.iter().any(|other| other.source == row.source);
    for row in before.iter().filter(|row| !kept(row)) {
        tx.drop_entitlement(customer, &row.source).await?;
    }
    let mut notices = Vec::new();
    if before != after {
        let external_id = tx.external_id(customer).await?;
        let led: Vec<String> = causes.iter().filter_map(|one| one.id.clone()).collect();
        let about = About {
            customer,
            external_id: external_id.as_deref(),
            led: &led,
        };
        notices = notice::of_access(about, &before, &after);
    }
    expiry::settle(&mut before, &after, at);
    Ok(Entitled {
        notices,
        before,
        after,
        doubted: contradiction::of(&essences),
        told_at: newest(&essences),
    })
}

/// What bringing a customer's entitlements in line came to.
#[derive(Debug)]
pub(crate) struct Entitled {
    /// As they were, less what only time has ended.
    pub(crate) before: Vec<Entitlement>,
    pub(crate) after: Vec<Entitlement>,
    /// What is still to be told of it.
    pub(crate) notices: Vec<Notice>,
    /// Why what is mirrored contradicts itself, if it does.
    pub(crate) doubted: Option<&'static str>,
    /// The newest statement there is, µs.
    told_at: i64,
}

impl Entitled {
    fn unchanged(rows: Vec<Entitlement>) -> Self {
        Self {
            before: rows.clone(),
            after: rows,
            notices: Vec::new(),
            doubted: None,
            told_at: 0,
        }
    }

    /// Leaves a mark when what is mirrored contradicts itself.
    pub(crate) async fn mark(
        &self,
        tx: &mut Tx,
        gateway: &Gateway,
        customer: &str,
        now: i64,
    ) -> Result<(), Error> {
        match self.doubted.filter(|_| gateway.config.healing.reconcile) {
            Some(reason) => {
                let doubt = doubt(customer, reason.to_owned(), self.told_at, now);
                tx.doubt(&doubt).await
            }
            None => Ok(()),
        }
    }
}

/// A mark that only a read after `after_at` takes away.
pub(crate) fn doubt(customer: &str, reason: String, after_at: i64, now: i64) -> Doubt {
    let wait = i64::try_from(DOUBT_WAITS.as_micros()).unwrap_or_default();
    Doubt {
        customer: customer.to_owned(),
        reason,
        after_at,
        whole: false,
        marked_at: now,
        due_at: now.saturating_add(wait),
        tries: 0,
        error: None,
    }
}

fn newest(essences: &[Essence]) -> i64 {
    let told = essences.iter().map(|one| one.version.envelope_at);
    told.max().unwrap_or_default()
}

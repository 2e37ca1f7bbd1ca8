//! What was read, held against what is mirrored: the same is noted as seen, the newer is taken, the
//! older is left, and what a webhook should have told is drift.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use polarkit_store::{Drift, Error, Object, Tx};

use super::drift;
use super::table::Table;
use crate::entitlement::cause::Cause;
use crate::gateway::Gateway;
use crate::inbox::news::News;
use crate::license;
use crate::projection::version::{Decision, decide};
use crate::projection::{self, Changes, Entitled, Owners};
use crate::subscriber::audience::Audience;
use crate::subscriber::notice;

/// A change so young may still be on its way here: no drift yet.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(2);

/// How what was read is to be taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taking {
    /// Whether a difference is drift: webhooks should have told it, and this is no first reading.
    pub(super) drifts: bool,
    /// A moment not after Polar looked, µs of Polar's time.
    pub(super) at: i64,
    /// Now, µs of this host's clock.
    pub(super) now: i64,
}

impl Taking {
    pub(super) const fn of(table: &Table, again: bool, at: i64, now: i64) -> Self {
        Self {
            drifts: table.told && again,
            at,
            now,
        }
    }
}

/// Takes what was read of a list into the mirror, and brings entitlements in line.
pub(super) async fn take(
    tx: &mut Tx,
    gateway: &Gateway,
    objects: &[Object],
    taking: Taking,
) -> Result<Changes, Error> {
    let owners = Owners::find(tx, objects.iter()).await?;
    let objects: Vec<_> = objects.iter().map(|object| owners.file(object)).collect();
    let customers: BTreeSet<String> = objects
        .iter()
        .map(|object| object.customer.clone())
        .filter(|id| !id.is_empty())
        .collect();
    projection::lock(tx, objects.iter().map(AsRef::as_ref)).await?;
    owners.adopt(tx).await?;
    for object in objects.iter().filter(|object| object.essence.is_some()) {
        name_owner(tx, object, taking.at).await?;
    }
    let mut touched = BTreeSet::new();
    for object in &objects {
        let taken = one(tx, object, taking).await?;
        if taken != Taken::No {
            touched.insert(object.customer.clone());
        }
        if let Taken::Drifted(found) = taken {
            tell(tx, gateway, &found).await?;
        }
    }
    let as_told: Vec<&Object> = objects.iter().map(AsRef::as_ref).collect();
    let hashes = license::note(tx, &as_told).await?;
    let deciding = objects.iter().filter(|object| object.essence.is_some());
    let entitled: BTreeSet<&str> = deciding
        .clone()
        .map(|object| object.customer.as_str())
        .collect();
    let read = deciding.clone().next().map(|object| object.kind.as_str());
    let causes = read.map(|kind| Cause::read(kind, taking.at, taking.now));
    let causes = Vec::from_iter(causes);
    for customer in entitled.into_iter().filter(|id| !id.is_empty()) {
        let entitled = projection::entitle(tx, gateway, customer, &causes, taking.now).await?;
        if taking.drifts && !touched.contains(customer) {
            access_drift(tx, gateway, customer, &entitled, taking).await?;
        }
    }
    let external_ids = objects
        .iter()
        .filter_map(|object| object.external_id.clone());
    Ok(Changes {
        external_ids: external_ids.collect(),
        customers: customers.into_iter().chain(hashes).collect(),
        checkouts: BTreeSet::new(),
    })
}

/// Who bought while the lists were read, or whose list may not be read, is on no page of customers:
/// they come along inside what they bought, so that nothing is told of somebody without a name.
async fn name_owner(tx: &mut Tx, object: &Object, at: i64) -> Result<(), Error> {
    let owner = object.customer.as_str();
    if object.kind == "customer" || tx.known(owner, "customer", owner).await?.is_some() {
        return Ok(());
    }
    // One that is unreadable is nameless, as before.
    let inside =
        News::of_owner(&object.body, at).map_or_else(|_unreadable| Vec::new(), |news| news.objects);
    for customer in inside.iter().filter(|customer| customer.id == owner) {
        tx.mirror(customer).await?;
    }
    Ok(())
}

/// Access that changed although no object did: the statement of the whole state was right.
pub(super) async fn access_drift(
    tx: &mut Tx,
    gateway: &Gateway,
    customer: &str,
    entitled: &Entitled,
    taking: Taking,
) -> Result<(), Error> {
    let fields = drift::access(&entitled.before, &entitled.after);
    if fields.is_empty() {
        return Ok(());
    }
    let id = customer.to_owned();
    let found = drift::found((customer, "state", &id), "changed", fields, taking.now);
    tell(tx, gateway, &found).await
}

/// Writes drift down, where people and machines see it.
pub(super) async fn tell(tx: &mut Tx, gateway: &Gateway, found: &Drift) -> Result<(), Error> {
    tracing::warn!(
        kind = %found.kind, object = %found.object, customer = %found.customer,
        what = %found.what, fields = %found.fields, healed = found.healed_at.is_some(),
        "the mirror had drifted from Polar"
    );
    gateway.metrics.drift(&found.kind, &found.what);
    tx.push_drift(found).await
}

/// What became of one object that was read.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    /// It told nothing new.
    No,
    /// It told something that webhooks need not have told yet.
    News,
    /// It told what a webhook should have.
    Drifted(Drift),
}

async fn one(tx: &mut Tx, object: &Object, taking: Taking) -> Result<Taken, Error> {
    let (customer, kind, id) = (&object.customer, &object.kind, &object.id);
    let mut known = tx.known(customer, kind, id).await?;
    if known
        .as_ref()
        .and_then(|known| known.gone_at)
        .is_some_and(|gone| gone < taking.at)
    {
        // It was missed once, and is there: what was noted as its end was none.
        tx.forget(customer, kind, id).await?;
        known = None;
    }
    let decision = decide(known.as_ref(), object);
    if decision == Decision::Older {
        return Ok(Taken::No);
    }
    if decision == Decision::Same {
        tx.seen(customer, kind, id, taking.at).await?;
        return Ok(Taken::No);
    }
    let before = tx.body(customer, kind, id).await?;
    let kept = tx.mirror(object).await?;
    if kept {
        tx.seen(customer, kind, id, taking.at).await?;
        paid(tx, object, before.as_deref(), taking).await?;
    }
    if decision == Decision::Contradiction && !kept {
        // A webhook told it differently, later than this was read: the next read decides.
        let after_at = known.map_or(0, |known| known.version.envelope_at);
        let reason = format!("two_contents_of_one_{kind}");
        let doubt = projection::doubt(customer, reason, after_at, taking.now);
        if !customer.is_empty() {
            tx.doubt(&doubt).await?;
        }
        return Ok(Taken::No);
    }
    let wait = i64::try_from(ON_ITS_WAY.as_micros()).unwrap_or_default();
    let young = object.version.object_at > taking.at.saturating_sub(wait);
    if !taking.drifts || (young && decision != Decision::Contradiction) {
        return Ok(Taken::News);
    }
    let what = match decision {
        Decision::New => "missing",
        Decision::Contradiction => "contradicted",
        _ => "changed",
    };
    let fields = drift::fields(before.as_deref(), &object.body);
    let found = drift::found((customer, kind, id), what, fields, taking.now);
    Ok(Taken::Drifted(found))
}

/// Tells that an order was paid, when that is found by reading; its webhook, should it still come, is
/// the same notice. A first reading finds what was paid before anyone listened, and tells nothing.
async fn paid(
    tx: &mut Tx,
    object: &Object,
    before: Option<&str>,
    taking: Taking,
) -> Result<(), Error> {
    let news = notice::is_paid_order(object) && !before.is_some_and(notice::shows_paid);
    if !(taking.drifts && news) {
        return Ok(());
    }
    let external_id = tx.external_id(&object.customer).await?;
    let notice = notice::of_paid_order(object, external_id.as_deref(), &[]);
    let notices = Vec::from_iter(notice);
    Audience::read(tx)
        .await?
        .tell(tx, notices, taking.now)
        .await
}

//! Entitlements, brought in line with the mirror: rows, what led to them, what is to be told, and
//! why a customer is doubted. A batch of customers costs as many statements as one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use polarkit_store::{Entitlement, Error, Essence, Notice, Tx};

use super::{beginning, contradiction, doubt};
use crate::entitlement::cause::{self, Cause};
use crate::entitlement::{derive, expiry};
use crate::gateway::Gateway;
use crate::license::lease;
use crate::problem::chain;
use crate::subscriber::audience::Audience;
use crate::subscriber::notice::{self, About};

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
    let one = BTreeMap::from([(customer, causes.to_vec())]);
    let aligned = align_all(tx, gateway, &one).await?.pop();
    Ok(aligned.map_or_else(|| Entitled::unchanged(Vec::new()), |(_, entitled)| entitled))
}

/// The same of many customers, each with what may have changed their access.
pub(crate) async fn align_all<'a>(
    tx: &mut Tx,
    gateway: &Gateway,
    causes: &BTreeMap<&'a str, Vec<Cause>>,
) -> Result<Vec<(&'a str, Entitled)>, Error> {
    let customers: Vec<&str> = causes.keys().copied().collect();
    let mut essences = tx.essences_of(&customers).await?;
    let mut rows = tx.entitlements_of(&customers).await?;
    let mut aligned = Vec::with_capacity(customers.len());
    for (&customer, causes) in causes {
        let essences = essences.remove(customer).unwrap_or_default();
        let before = rows.remove(customer).unwrap_or_default();
        let mut entitled = bring(gateway, customer, &essences, before, causes);
        if entitled.before != entitled.after
            && let Some(began) = beginning::of(tx, gateway, causes).await?
        {
            let told = (&essences[..], &entitled.before[..], &entitled.after[..]);
            entitled.unheard = beginning::unheard(tx, customer, told, began).await?;
        }
        aligned.push((customer, entitled));
    }
    write(tx, &aligned).await?;
    for (customer, Entitled { before, after, .. }) in &aligned {
        lease::end(tx, gateway, customer, (before, after)).await?;
    }
    name(tx, gateway, &mut aligned, causes).await?;
    let at = gateway.time.now().as_microsecond();
    for (_, Entitled { before, after, .. }) in &mut aligned {
        expiry::settle(before, after, at);
    }
    Ok(aligned)
}

/// What a customer's rows are to be. Writes nothing.
fn bring(
    gateway: &Gateway,
    customer: &str,
    essences: &[Essence],
    before: Vec<Entitlement>,
    causes: &[Cause],
) -> Entitled {
    let mut after = match derive::derive(essences, gateway.config.access.grace) {
        Ok(after) => after,
        Err(error) => {
            // Ours to mend; until then the customer keeps what they have.
            tracing::error!(customer, error = %chain(&error), "entitlements cannot be derived");
            return Entitled::unchanged(before);
        }
    };
    expiry::settle(&mut after, &before, gateway.time.now().as_microsecond());
    let now = gateway.time.local().as_microsecond();
    cause::note(&mut after, &before, causes, now);
    Entitled {
        notices: Vec::new(),
        before,
        after,
        unheard: Vec::new(),
        doubted: contradiction::of(essences),
        told_at: newest(essences),
    }
}

/// Writes the rows that changed, and takes away those of which nothing speaks any more.
async fn write(tx: &mut Tx, aligned: &[(&str, Entitled)]) -> Result<(), Error> {
    let mut changed = Vec::new();
    for (customer, Entitled { before, after, .. }) in aligned {
        let new = after.iter().filter(|row| !before.contains(row));
        changed.extend(new.map(|row| (*customer, row)));
    }
    tx.put_entitlements(&changed).await?;
    for (customer, Entitled { before, after, .. }) in aligned {
        let kept: BTreeSet<&str> = after.iter().map(|row| row.source.as_str()).collect();
        for row in before.iter().filter(|row| !kept.contains(&*row.source)) {
            tx.drop_entitlement(customer, &row.source).await?;
        }
    }
    Ok(())
}

/// What is to be told of those whose rows changed, by both of their names.
async fn name(
    tx: &mut Tx,
    gateway: &Gateway,
    aligned: &mut [(&str, Entitled)],
    causes: &BTreeMap<&str, Vec<Cause>>,
) -> Result<(), Error> {
    let changed = aligned.iter().filter(|(_, one)| one.before != one.after);
    let changed: Vec<&str> = changed.map(|(customer, _)| *customer).collect();
    let names: HashMap<String, String> = tx.external_ids(&changed).await?;
    for (customer, entitled) in aligned {
        let led = causes.get(customer).into_iter().flatten();
        let led: Vec<String> = led.filter_map(|one| one.id.clone()).collect();
        let about = About {
            customer,
            external_id: names.get(*customer).map(String::as_str),
            led: &led,
            change: gateway.time.stamp(),
        };
        let Entitled {
            before, unheard, ..
        } = &*entitled;
        let known = (!unheard.is_empty()).then(|| [&before[..], &unheard[..]].concat());
        let known = known.as_deref().unwrap_or(before);
        entitled.notices = notice::of_access(about, known, &entitled.after);
    }
    Ok(())
}

/// What bringing a customer's entitlements in line came to.
#[derive(Debug)]
pub(crate) struct Entitled {
    /// As they were, less what only time has ended.
    pub(crate) before: Vec<Entitlement>,
    pub(crate) after: Vec<Entitlement>,
    /// Of these, what was there before anyone listened.
    unheard: Vec<Entitlement>,
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
            unheard: Vec::new(),
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

fn newest(essences: &[Essence]) -> i64 {
    let told = essences.iter().map(|one| one.version.envelope_at);
    told.max().unwrap_or_default()
}

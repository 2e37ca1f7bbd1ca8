//! A batch of webhooks, applied: mirror rows, entitlement rows and notices of all of them, in a
//! handful of statements.

use std::collections::{BTreeMap, BTreeSet};

use polarkit_store::{Error, Key, Known, Notice, Object, Tx};

use super::align::align_all;
use super::version::{self, Decision};
use super::{Changes, Owners, doubt};
use crate::entitlement::cause::Cause;
use crate::gateway::Gateway;
use crate::inbox::sort::Letter;
use crate::license;
use crate::subscriber::audience::Audience;
use crate::subscriber::notice;

/// Applies these; says what to tell the rest of the process once it is committed.
pub(crate) async fn apply(
    tx: &mut Tx,
    gateway: &Gateway,
    letters: &[Letter],
    now: i64,
) -> Result<Changes, Error> {
    let mut changes = Changes::default();
    let mut led: BTreeMap<&str, Vec<Cause>> = BTreeMap::new();
    let told_of = letters.iter().flat_map(|letter| &letter.news.objects);
    let owners = Owners::find(tx, told_of.clone()).await?;
    for Letter { mail, news } in letters {
        let about = news.objects.iter().map(|object| owners.of(object));
        let about: BTreeSet<&str> = about.filter(|customer| !customer.is_empty()).collect();
        for customer in about {
            led.entry(customer)
                .or_default()
                .push(Cause::webhook(mail, news));
        }
        let named = news.objects.iter();
        let external_ids = named.filter_map(|object| object.external_id.clone());
        changes.external_ids.extend(external_ids);
        changes.checkouts.extend(news.checkout);
    }
    changes.customers = led.keys().map(|&customer| customer.to_owned()).collect();
    let objects: Vec<_> = told_of.map(|object| owners.file(object)).collect();
    let objects: Vec<&Object> = objects.iter().map(AsRef::as_ref).collect();
    lock(tx, objects.iter().copied()).await?;
    owners.adopt(tx).await?;
    let paid = newly_paid(tx, letters).await?;
    take(tx, gateway, &objects, now).await?;
    let mut notices = told(tx, letters, &paid).await?;
    for (customer, entitled) in align_all(tx, gateway, &led).await? {
        entitled.mark(tx, gateway, customer, now).await?;
        notices.extend(entitled.notices);
    }
    tx.idempotency_over(&over(letters)).await?;
    Audience::read(tx).await?.tell(tx, notices, now).await?;
    Ok(changes)
}

/// Locks whom these objects belong to, the catalogue included: two transactions must not write its
/// rows in different orders.
pub(crate) async fn lock<'a>(
    tx: &mut Tx,
    objects: impl Iterator<Item = &'a Object>,
) -> Result<(), Error> {
    let owners = objects.map(|object| object.customer.clone());
    tx.lock_customers(&owners.collect()).await
}

/// The checkouts that no one can pay any more.
fn over(letters: &[Letter]) -> BTreeSet<String> {
    let over = letters.iter().filter(|one| one.news.checkout_is_over);
    over.filter_map(|one| one.news.checkout.map(|id| id.to_string()))
        .collect()
}

/// Of each letter the order it tells of as paid, unless that was known.
async fn newly_paid<'a>(
    tx: &mut Tx,
    letters: &'a [Letter],
) -> Result<Vec<Option<&'a Object>>, Error> {
    let paid = letters.iter().map(|letter| {
        let first = letter.news.objects.first();
        first.filter(|one| notice::is_paid_order(one))
    });
    let paid: Vec<Option<&Object>> = paid.collect();
    // Its own event always tells of it; any other only when it is news.
    let own = |letter: &Letter| letter.news.kind == notice::ORDER_PAID;
    let others = letters.iter().zip(&paid).filter(|(letter, _)| !own(letter));
    let keys: Vec<Key> = others
        .filter_map(|(_, order)| order.map(order_key))
        .collect();
    let known = tx.bodies_of(&keys).await?;
    let shown: BTreeSet<&str> = known
        .iter()
        .filter(|(_, body)| notice::shows_paid(body))
        .map(|(key, _)| key.id.as_str())
        .collect();
    let news = letters.iter().zip(paid).map(|(letter, order)| {
        order.filter(|order| own(letter) || !shown.contains(order.id.as_str()))
    });
    Ok(news.collect())
}

/// Whatever word is new in it, an order is known as an order.
fn order_key(order: &Object) -> Key {
    Key {
        kind: "order".to_owned(),
        ..order.key()
    }
}

/// Takes objects into the mirror, and doubts customers of whom two contents of one version are told.
pub(crate) async fn take(
    tx: &mut Tx,
    gateway: &Gateway,
    objects: &[&Object],
    now: i64,
) -> Result<(), Error> {
    if gateway.config.healing.reconcile {
        for object in contradictions(tx, objects).await? {
            let reason = format!("two_contents_of_one_{}", object.kind);
            let after_at = object.version.envelope_at;
            let doubt = doubt(&object.customer, reason, after_at, now);
            tx.doubt(&doubt).await?;
        }
    }
    license::note(tx, objects).await?;
    tx.mirror_all(objects).await
}

/// Those that tell something else of the very version that is known, or was told just before.
async fn contradictions<'a>(tx: &mut Tx, objects: &[&'a Object]) -> Result<Vec<&'a Object>, Error> {
    let deciding = objects.iter().filter(|object| object.essence.is_some());
    let deciding: Vec<&Object> = deciding.copied().collect();
    let keys: BTreeSet<Key> = deciding.iter().map(|object| object.key()).collect();
    let mut known = tx.known_of(&keys.into_iter().collect::<Vec<_>>()).await?;
    let mut contradicting = Vec::new();
    for object in deciding {
        let key = object.key();
        match version::decide(known.get(&key), object) {
            Decision::New | Decision::Newer => {
                known.insert(key, Known::from(object));
            }
            Decision::Contradiction => contradicting.push(object),
            Decision::Same | Decision::Older => {}
        }
    }
    Ok(contradicting)
}

/// What is told of the letters themselves, in their order.
async fn told(
    tx: &mut Tx,
    letters: &[Letter],
    paid: &[Option<&Object>],
) -> Result<Vec<Notice>, Error> {
    let buyers = paid.iter().flatten().map(|order| order.customer.as_str());
    let buyers: BTreeSet<&str> = buyers.filter(|id| !id.is_empty()).collect();
    let names = tx
        .external_ids(&buyers.into_iter().collect::<Vec<_>>())
        .await?;
    let mut notices = Vec::with_capacity(letters.len());
    for (Letter { mail, news }, order) in letters.iter().zip(paid) {
        notices.extend(notice::of_mail(mail, news));
        if let Some(order) = order {
            let external_id = names.get(&order.customer).map(String::as_str);
            let led = std::slice::from_ref(&mail.webhook_id);
            notices.extend(notice::of_paid_order(order, external_id, led));
        }
    }
    Ok(notices)
}

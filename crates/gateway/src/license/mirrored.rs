//! What the mirror knows of a licence: found by the key's hash, told by webhooks and by reading back.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Error, MirroredLicense, Object, Tx};
use serde::Deserialize;

use super::denial::Denial;
use super::key::KeyHash;
use super::standing::{License, Source, Standing};
use crate::entitlement::essence::Grant;
use crate::entitlement::mark::Seen;
use crate::gateway::Gateway;
use crate::problem::chain;

/// So long after a webhook its word about a licence counts more than Polar's own answer, which may
/// come from a copy that lags behind.
const WORD_COUNTS: SignedDuration = SignedDuration::from_mins(2);

/// A licence as the mirror has it.
#[derive(Debug)]
pub(super) struct Mirrored {
    pub(super) id: String,
    customer: String,
    /// How it stands, where that is known.
    pub(super) standing: Option<Standing>,
    /// Whether its grant holds, and when that was told.
    word: Option<(bool, Timestamp)>,
}

/// Looks for the licence of this key, or of this id. A store that fails knows nothing.
pub(super) async fn find(gateway: &Gateway, key: KeyHash, id: Option<&str>) -> Option<Mirrored> {
    let found = gateway.store.mirrored_license(&key.to_string(), id).await;
    let found = found.unwrap_or_else(|error| {
        tracing::warn!(error = %chain(&error), "the mirror cannot be asked about a licence");
        None
    });
    found.map(Mirrored::from)
}

/// How the licence of this key stands, and the marks of both its names, from before that was read.
pub(super) async fn with_marks(gateway: &Gateway, key: KeyHash) -> Option<(Standing, [Seen; 2])> {
    let view = &gateway.view;
    let by_key = view.see(&key.to_string());
    let by_customer = view.see(&find(gateway, key, None).await?.customer);
    let standing = find(gateway, key, None).await?.standing?;
    Some((standing, [by_key, by_customer]))
}

impl Mirrored {
    /// What a webhook told of it a moment ago.
    pub(super) fn word(&self, now: Timestamp) -> Option<bool> {
        let (granted, at) = self.word?;
        (now.duration_since(at) < WORD_COUNTS).then_some(granted)
    }

    /// Why it is not valid, as far as it is known.
    pub(super) fn denial(&self) -> Option<Denial> {
        self.standing.as_ref()?.verdict.as_ref().err().copied()
    }
}

impl From<MirroredLicense> for Mirrored {
    fn from(row: MirroredLicense) -> Self {
        let essence = row.grant_essence.as_deref();
        let grant: Option<Grant> = essence.and_then(|text| serde_json::from_str(text).ok());
        let told_at = row.grant_told_at.and_then(moment);
        let word = grant.map(|grant| grant.is_granted).zip(told_at);
        let read_at = row.told_at.max(row.seen_at).and_then(moment);
        let license = row.body.as_deref();
        let license: Option<License> = license.and_then(|body| serde_json::from_str(body).ok());
        let customer = row.customer;
        let license = license.map(|license| License {
            customer_id: customer.clone(),
            ..license
        });
        let gone_at = row.gone_at.and_then(moment);
        let standing = match (gone_at, license, read_at, word) {
            (Some(at), ..) => Some(denied(Denial::Unknown, at)),
            // Whichever was told later.
            (_, _, read_at, Some((false, at))) if read_at.is_none_or(|read_at| read_at <= at) => {
                Some(denied(Denial::Revoked, at))
            }
            (_, Some(license), Some(read_at), word) => stands(license, read_at, word),
            _ => None,
        };
        Self {
            id: row.id,
            customer,
            standing,
            word,
        }
    }
}

/// How a licence stands by its own word, and by its grant's where that is newer.
fn stands(
    license: License,
    read_at: Timestamp,
    word: Option<(bool, Timestamp)>,
) -> Option<Standing> {
    let given_back = word.is_some_and(|(granted, at)| granted && at > read_at);
    match &*license.status {
        "granted" => {}
        "revoked" if given_back => {}
        "revoked" => return Some(denied(Denial::Revoked, read_at)),
        "disabled" => return Some(denied(Denial::Disabled, read_at)),
        // A word newer than this program.
        _ => return None,
    }
    // Reading is not validating: the status goes on saying what it was.
    if license.expires_at.is_some_and(|at| at <= read_at) {
        return Some(denied(Denial::Expired, read_at));
    }
    let license = License {
        status: "granted".to_owned(),
        ..license
    };
    Some(Standing {
        verdict: Ok(Arc::new(license)),
        as_of: read_at,
        source: Source::Mirror,
    })
}

fn denied(denial: Denial, as_of: Timestamp) -> Standing {
    Standing {
        verdict: Err(denial),
        as_of,
        source: Source::Mirror,
    }
}

fn moment(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

/// Notes of what was told which licence keys it is about; answers the hashes that are news.
pub(crate) async fn note(tx: &mut Tx, objects: &[&Object]) -> Result<Vec<String>, Error> {
    let mut hashes = Vec::new();
    for object in objects {
        let (id, customer) = (&object.id, &object.customer);
        if object.kind == "license_key" {
            if let Some(hash) = read_hash(&object.body)
                && tx.license_read(id, customer, &hash).await?
            {
                hashes.push(hash);
            }
        } else if object.kind == "benefit_grant"
            && let Some(key) = granted_key(object)
        {
            tx.license_granted(&key, customer, id).await?;
        }
    }
    Ok(hashes)
}

/// The hash that reading back put in the place of the key.
fn read_hash(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Read {
        key_hash: String,
    }
    let read: Read = serde_json::from_str(body).ok()?;
    Some(read.key_hash)
}

/// The licence key that came with a grant.
fn granted_key(grant: &Object) -> Option<String> {
    let essence = grant.essence.as_deref()?;
    // Most grants have none, and need not be read.
    if !essence.contains("license_key_id") {
        return None;
    }
    let grant: Grant = serde_json::from_str(essence).ok()?;
    let id = grant.properties.get("license_key_id")?.as_str()?;
    Some(id.to_owned())
}

//! The rule: from what is mirrored of a customer to the reasons for and against access. Pure.
//!
//! Each object speaks for itself until a newer statement of the customer's whole state is known;
//! that one then decides, also by leaving the object out. An order speaks for itself always: the
//! state does not list orders. A paid checkout speaks until any of them does. A seat speaks as long as
//! what it was bought with grants.

use std::collections::{BTreeMap, BTreeSet};

use polarkit_store::{Entitlement, Essence};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::essence::{Benefit, Grant, Order, State, Subscription};
use super::grace::{Grace, Patience};
use super::{provisional, seat};

/// What else is worth knowing about one reason, as stored and as told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, serde::Deserialize, utoipa::ToSchema)]
pub(crate) struct Detail {
    /// The subscription is cancelled: access lasts to the end of what is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ends_at: Option<String>,
    /// When the present period ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current_period_end: Option<String>,
    /// When the trial ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trial_end: Option<String>,
    /// A benefit's type.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) benefit_type: String,
    /// A benefit's public name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    /// A benefit's metadata: of a feature flag, the flags.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    #[schema(value_type = Object)]
    pub(crate) metadata: serde_json::Map<String, serde_json::Value>,
    /// What the grant carries, such as a licence key's id.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    #[schema(value_type = Object)]
    pub(crate) properties: serde_json::Map<String, serde_json::Value>,
    /// Who sits, or sat, on the seat: Polar's id of the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) member_id: Option<String>,
    /// The application's id of that member, as the seat last named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_member_id: Option<String>,
}

/// One mirrored object with when it was told, and when it was last told or found to be so.
pub(super) struct Told<T> {
    pub(super) at: i64,
    last: i64,
    pub(super) what: T,
}

/// When this was last told, or last found to be so.
pub(crate) fn last_told(essence: &Essence) -> i64 {
    essence.version.envelope_at.max(essence.seen_at)
}

/// All reasons of one customer, as they stand until their time is over.
pub(crate) fn derive(
    essences: &[Essence],
    grace: Grace,
) -> Result<Vec<Entitlement>, serde_json::Error> {
    let state = read::<State>(essences, "state")?.into_values().next();
    let own = read::<Subscription>(essences, "subscription")?;
    let patience: BTreeMap<&str, Patience> = own
        .iter()
        .filter_map(|(id, own)| Some((*id, grace.of(&own.what)?)))
        .collect();
    let mut rows = Vec::new();
    subscriptions(&own, state.as_ref(), &patience, &mut rows);
    let own = read(essences, "benefit_grant")?;
    grants(&own, state.as_ref(), &patience, &mut rows);
    orders(read(essences, "order")?, &mut rows);
    seat::seats(read(essences, "customer_seat")?, &patience, &mut rows);
    for (one, paid) in provisional::standing(essences)? {
        rows.push(row(
            &format!("checkout:{}", one.id),
            "product",
            &paid.product_id,
            &Ground {
                granted: true,
                reason: provisional::REASON,
                at: one.version.envelope_at,
                expires_at: Some(paid.until.as_microsecond()),
                detail: Detail::default(),
            },
        ));
    }
    rows.sort_by(|one, other| one.source.cmp(&other.source));
    Ok(rows)
}

fn subscriptions(
    own: &BTreeMap<&str, Told<Subscription>>,
    state: Option<&Told<State>>,
    patience: &BTreeMap<&str, Patience>,
    rows: &mut Vec<Entitlement>,
) {
    let stated: BTreeMap<&str, &Subscription> = state
        .into_iter()
        .flat_map(|state| &state.what.active_subscriptions)
        .map(|active| (active.id.as_str(), &active.subscription))
        .collect();
    let ids: BTreeSet<&str> = own.keys().chain(stated.keys()).copied().collect();
    for id in ids {
        let newer = state.filter(|state| own.get(id).is_none_or(|own| state.last > own.last));
        let (subscription, granted, at) = match (newer, stated.get(id), own.get(id)) {
            (Some(state), Some(active), _) => (*active, true, state.at),
            (Some(state), None, Some(own)) => (&own.what, false, state.at),
            (None, _, Some(own)) => (&own.what, own.what.is_active(), own.at),
            (_, _, None) => continue,
        };
        let waits = patience.get(id).filter(|_| !granted);
        let reason = match (granted, subscription.is_active()) {
            _ if waits.is_some() => "grace",
            (true, false) => "active",
            (false, true) => "not_in_customer_state",
            _ => &subscription.status,
        };
        rows.push(row(
            &format!("subscription:{id}"),
            "product",
            &subscription.product_id,
            &Ground {
                granted: granted || waits.is_some(),
                reason,
                at,
                expires_at: waits.map(|patience| patience.until),
                detail: of_subscription(subscription),
            },
        ));
    }
}

fn grants(
    own: &BTreeMap<&str, Told<Grant>>,
    state: Option<&Told<State>>,
    patience: &BTreeMap<&str, Patience>,
    rows: &mut Vec<Entitlement>,
) {
    let stated: BTreeMap<&str, &super::essence::Granted> = state
        .into_iter()
        .flat_map(|state| &state.what.granted_benefits)
        .map(|granted| (granted.id.as_str(), granted))
        .collect();
    let ids: BTreeSet<&str> = own.keys().chain(stated.keys()).copied().collect();
    for id in ids {
        let newer = state.filter(|state| own.get(id).is_none_or(|own| state.last > own.last));
        let described = own.get(id).map(|own| &own.what.benefit);
        let (target, granted, at, detail) = match (newer, stated.get(id), own.get(id)) {
            (Some(state), Some(stated), _) => (
                &stated.benefit_id,
                true,
                state.at,
                of_stated(stated, described),
            ),
            (newer, _, Some(own)) => {
                let speaks = newer.is_none() && own.what.is_granted && !own.what.is_revoked;
                let at = newer.map_or(own.at, |state| state.at);
                (&own.what.benefit_id, speaks, at, of_grant(&own.what))
            }
            (_, _, None) => continue,
        };
        let waits = own.get(id).filter(|_| !granted).and_then(|own| {
            let patience = patience.get(own.what.subscription_id.as_deref()?)?;
            patience.covers(&own.what).then_some(patience)
        });
        let reason = match (granted, waits) {
            (true, _) => "granted",
            (false, Some(_)) => "grace",
            (false, None) => "revoked",
        };
        rows.push(row(
            &format!("grant:{id}"),
            "benefit",
            target,
            &Ground {
                granted: granted || waits.is_some(),
                reason,
                at,
                expires_at: waits.map(|patience| patience.until),
                detail,
            },
        ));
    }
}

fn orders(own: BTreeMap<&str, Told<Order>>, rows: &mut Vec<Entitlement>) {
    for (id, Told { at, what, .. }) in own {
        let Some(product) = &what.product_id else {
            continue;
        };
        let detail = Detail::default();
        let (granted, reason) = (what.is_paid(), what.status.as_str());
        rows.push(row(
            &format!("order:{id}"),
            "product",
            product,
            &Ground {
                granted,
                reason,
                at,
                expires_at: None,
                detail,
            },
        ));
    }
}

/// What a reason rests on.
pub(super) struct Ground<'a> {
    pub(super) granted: bool,
    pub(super) reason: &'a str,
    pub(super) at: i64,
    pub(super) expires_at: Option<i64>,
    pub(super) detail: Detail,
}

pub(super) fn row(source: &str, kind: &str, target: &str, ground: &Ground<'_>) -> Entitlement {
    Entitlement {
        source: source.to_owned(),
        kind: kind.to_owned(),
        target: target.to_owned(),
        granted: ground.granted,
        reason: ground.reason.to_owned(),
        // A struct of texts always has a JSON form.
        detail: serde_json::to_string(&ground.detail).unwrap_or_default(),
        changed_at: ground.at,
        expires_at: ground.expires_at,
        events: String::new(),
    }
}

fn of_subscription(subscription: &Subscription) -> Detail {
    let text = |instant: Option<jiff::Timestamp>| instant.map(|instant| instant.to_string());
    let ends = subscription.ended_at.or(subscription.ends_at);
    Detail {
        ends_at: text(ends),
        current_period_end: text(subscription.current_period_end),
        trial_end: text(subscription.trial_end),
        ..Detail::default()
    }
}

fn of_grant(grant: &Grant) -> Detail {
    Detail {
        benefit_type: grant.benefit.kind.clone(),
        description: grant.benefit.description.clone(),
        metadata: grant.benefit.metadata.clone(),
        properties: grant.properties.clone(),
        ..Detail::default()
    }
}

/// A state names no benefit; the grant's own event, if it came, does.
fn of_stated(granted: &super::essence::Granted, described: Option<&Benefit>) -> Detail {
    Detail {
        benefit_type: granted.benefit_type.clone(),
        description: described
            .map(|benefit| benefit.description.clone())
            .unwrap_or_default(),
        metadata: granted.benefit_metadata.clone(),
        properties: granted.properties.clone(),
        ..Detail::default()
    }
}

fn read<'a, T: DeserializeOwned>(
    essences: &'a [Essence],
    kind: &str,
) -> Result<BTreeMap<&'a str, Told<T>>, serde_json::Error> {
    let of_kind = essences.iter().filter(|essence| essence.kind == kind);
    let told = of_kind.map(|essence| {
        let what = serde_json::from_str(&essence.essence)?;
        Ok((
            essence.id.as_str(),
            Told {
                at: essence.version.envelope_at,
                last: last_told(essence),
                what,
            },
        ))
    });
    told.collect()
}

//! How old an answer is, and what is done about it.

use jiff::Timestamp;
use serde::Serialize;

use crate::entitlement::standing::Standing;
use crate::gateway::Gateway;
use crate::reconcile;

/// How much this can be trusted.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the words of the contract")]
pub(super) struct Age {
    /// Where it is from: `webhooks`, or `none` when nothing was ever heard.
    source: &'static str,
    /// The newest statement of Polar it rests on.
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
    age_seconds: Option<i64>,
    /// Too old to grant anything on, as configuration has it.
    pub(super) stale: bool,
}

impl Age {
    pub(super) fn of(gateway: &Gateway, standing: &Standing) -> Self {
        // Nothing was told since, and nothing happened that was not told.
        let as_of = standing.as_of.max(gateway.reconcile.verified());
        let age = as_of.map(|at| gateway.time.now().duration_since(at).as_secs().max(0));
        let limit = gateway.config.access.stale_after(&gateway.config.healing);
        Self {
            source: if standing.is_known() {
                "webhooks"
            } else {
                "none"
            },
            as_of,
            age_seconds: age,
            stale: limit.is_some_and(|limit| is_beyond(age, limit)),
        }
    }

    /// Old enough to ask Polar before somebody is denied something.
    fn is_worth_asking(self, gateway: &Gateway) -> bool {
        let healing = &gateway.config.healing;
        let limit = i64::from(healing.recheck_minutes) * 60;
        healing.reconcile && is_beyond(self.age_seconds, limit)
    }

    /// Asks Polar once about a customer who would be denied something; says whether that was worth
    /// it, and so whether to look again.
    pub(super) async fn asked(self, gateway: &Gateway, external_id: &str) -> bool {
        let worth = self.is_worth_asking(gateway);
        if worth {
            Box::pin(reconcile::recheck(gateway, external_id)).await;
        }
        worth
    }
}

/// What was never heard of is older than anything.
fn is_beyond(age_seconds: Option<i64>, limit: i64) -> bool {
    age_seconds.is_none_or(|age| age > limit)
}

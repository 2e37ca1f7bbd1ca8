//! Moving the end of a period or of a trial.

use jiff::Timestamp;
use serde_json::json;

use super::edit::{Billing, Edit};
use super::state::Step;
use super::{Subscription, SubscriptionStatus, end};
use crate::billing::anchor_day;
use crate::failure::{Failure, Flaw};
use crate::render;
use crate::world::{Id, World};

/// When a trial is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrialEnd {
    Now,
    At(Timestamp),
}

impl Subscription {
    /// Begins a period at `start`; later ones are anchored on its day.
    pub(super) fn start_period(&mut self, start: Timestamp) {
        self.anchor_day = anchor_day(start);
        self.period_start = start;
        self.period_end = self.cycle.from(start);
    }
}

/// Lets the current period end at `new_end`; later periods are anchored on that day.
pub(super) fn move_end(
    world: &mut World,
    id: Id<Subscription>,
    new_end: Timestamp,
) -> Result<(), Failure> {
    let mut edit = Edit::of(world, id)?;
    let row = &mut edit.row;
    if !row.is_alive() {
        return Err(end::already_canceled());
    }
    if !row.is_active() {
        return Err(inactive(row));
    }
    end::refuse_leaving(row)?;
    let old_end = std::mem::replace(&mut row.period_end, new_end);
    row.anchor_day = anchor_day(new_end);
    let (old_end, new_end) = (render::time(old_end), render::time(new_end));
    edit.say("billing_period_end", new_end.clone());
    edit.note(
        "billing_period_updated",
        json!({"old_period_end": old_end, "new_period_end": new_end}),
    );
    edit.commit(world)
}

/// Drafts another end of the trial. A running subscription may be given a trial that lasts beyond its
/// period.
pub(super) fn draft_trial_end(edit: &mut Edit, wanted: TrialEnd) -> Result<(), Failure> {
    if !edit.row.is_active() {
        return Err(inactive(&edit.row));
    }
    let refused = |message: &str, sent: serde_json::Value| {
        Err(Failure::refused(Flaw::field("trial_end", message, sent)))
    };
    let trialing = edit.row.status == SubscriptionStatus::Trialing;
    let trial_end = match wanted {
        TrialEnd::Now if !trialing => {
            return refused("The subscription is not currently trialing.", "now".into());
        }
        TrialEnd::At(at) if !trialing && at <= edit.row.period_end => {
            let message = "Trial end must be after the current period end.";
            return refused(message, render::time(at));
        }
        TrialEnd::Now => {
            edit.billing = Billing::NextPeriod;
            edit.now
        }
        TrialEnd::At(at) => at,
    };
    // One that is on trial already stays so.
    edit.row.step(Step::BeginTrial);
    edit.row.trial_end = Some(trial_end);
    edit.row.period_end = trial_end;
    edit.say("trial_end", render::time(trial_end));
    Ok(())
}

fn inactive(row: &Subscription) -> Failure {
    let detail = format!("Subscription {} is not active.", row.id);
    Failure::named(403, "InactiveSubscription", detail)
}

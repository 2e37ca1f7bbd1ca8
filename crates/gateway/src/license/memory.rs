//! Licences asked about lately: what was answered, and how much it is still worth.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::denial::Denial;
use super::key::KeyHash;
use super::standing::Standing;
use crate::config::Licenses as Settings;
use crate::entitlement::mark::Seen;
use crate::entitlement::view::View;

/// Answers remembered at once; who was not asked about for long goes first.
const REMEMBERED_MAX: usize = 100_000;
/// For so long after it is fresh an answer is given at once, while Polar is asked behind it.
const AGING: SignedDuration = SignedDuration::from_mins(10);
/// A refusal is given again this long, so that guessing keys costs Polar nothing.
const DENIED_FRESH: SignedDuration = SignedDuration::from_secs(10);

/// What may be answered from memory: a key, and perhaps one activation of it.
pub(super) type Question = (KeyHash, Option<Uuid>);

/// What was answered lately.
#[derive(Debug)]
pub(super) struct Memory {
    kept: Cache<Question, Arc<Kept>>,
    /// A valid answer is given again this long without asking.
    fresh: SignedDuration,
    /// A valid answer is still good this long while Polar cannot be asked.
    stale: SignedDuration,
}

/// An answer, and the marks of those it is about, from before it was given.
#[derive(Debug)]
struct Kept {
    standing: Standing,
    key: Seen,
    customer: Option<Seen>,
}

/// How much an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// It is the answer.
    Fresh,
    /// It is the answer, and time to ask for the next.
    Aging,
    /// It is the answer only if Polar cannot be asked.
    Stale,
}

impl Memory {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            kept: Cache::new(REMEMBERED_MAX),
            fresh: SignedDuration::from_secs(i64::from(settings.fresh_seconds)),
            stale: SignedDuration::from_hours(i64::from(settings.stale_hours)),
        }
    }

    /// What was answered, and what it is worth at this moment of Polar's time.
    pub(super) fn recall(
        &self,
        question: &Question,
        view: &View,
        now: Timestamp,
    ) -> Option<(Standing, Worth)> {
        let kept = self.kept.get(question)?;
        let current = view.is_current(kept.key) && kept.customer.is_none_or(|c| view.is_current(c));
        let worth = self.worth(&kept.standing, now)?;
        let worth = if current { worth } else { Worth::Stale };
        Some((kept.standing.clone(), worth))
    }

    /// What an answer is worth by its age alone; nothing when it is too old for anything.
    pub(super) fn worth(&self, standing: &Standing, now: Timestamp) -> Option<Worth> {
        let age = now.duration_since(standing.as_of);
        // One from the future is of a clock that was wrong since.
        let within = |most: SignedDuration| !age.is_negative() && age < most;
        let Ok(license) = &standing.verdict else {
            return within(DENIED_FRESH).then_some(Worth::Fresh);
        };
        match () {
            () if license.has_ended(standing.as_of, now) => Some(Worth::Stale),
            () if within(self.fresh) => Some(Worth::Fresh),
            () if within(self.fresh + AGING) => Some(Worth::Aging),
            () if age < self.stale => Some(Worth::Stale),
            () => None,
        }
    }

    /// Remembers an answer. What depends on conditions is nobody else's answer.
    pub(super) fn remember(
        &self,
        question: Question,
        standing: &Standing,
        key: Seen,
        customer: Option<Seen>,
    ) {
        if standing.verdict.as_ref().err() == Some(&Denial::ConditionsDiffer) {
            self.kept.remove(&question);
            return;
        }
        let kept = Kept {
            standing: standing.clone(),
            key,
            customer,
        };
        self.kept.insert(question, Arc::new(kept));
    }

    /// Lets go of an answer altogether.
    pub(super) fn forget(&self, question: &Question) {
        self.kept.remove(question);
    }
}

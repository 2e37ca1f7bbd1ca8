//! The kinds of benefit, each with its own properties.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Visibility;
use crate::resource::file::File;
use crate::resource::meter::Meter;
use crate::world::Id;

/// What is given. Written as `{"type": …, "properties": …}`, as on Polar's wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "properties", rename_all = "snake_case")]
pub(crate) enum Kind {
    Custom {
        #[serde(default)]
        note: Option<String>,
    },
    FeatureFlag {},
    LicenseKeys(LicenseTerms),
    MeterCredit {
        units: i64,
        rollover: bool,
        meter_id: Id<Meter>,
    },
    Downloadables {
        #[serde(default)]
        archived: BTreeMap<Id<File>, bool>,
        files: Vec<Id<File>>,
    },
    Discord {
        #[serde(default)]
        guild_id: String,
        role_id: String,
        kick_member: bool,
        guild_token: String,
    },
    GithubRepository {
        repository_owner: String,
        repository_name: String,
        permission: String,
    },
    SlackSharedChannel {
        slack_integration_id: Uuid,
        channel_name_template: String,
        #[serde(default = "yes")]
        private: bool,
        #[serde(default)]
        welcome_message: Option<String>,
        #[serde(default = "yes")]
        archive_on_revoke: bool,
        #[serde(default)]
        team_invitees: Vec<String>,
    },
}

const fn yes() -> bool {
    true
}

/// What every licence key of a benefit starts with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LicenseTerms {
    #[serde(default)]
    pub(crate) prefix: Option<String>,
    #[serde(default)]
    pub(crate) expires: Option<Lifetime>,
    #[serde(default)]
    pub(crate) activations: Option<Activations>,
    #[serde(default)]
    pub(crate) limit_usage: Option<i64>,
}

/// How long a key of a one-time purchase lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lifetime {
    pub(crate) ttl: i64,
    pub(crate) timeframe: Timeframe,
}

/// The unit of a lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Timeframe {
    Year,
    Month,
    Day,
}

/// How often a key may be activated, and whether its holder may see where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Activations {
    pub(crate) limit: i64,
    pub(crate) enable_customer_admin: bool,
}

impl Kind {
    /// The word on the wire.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Custom { .. } => "custom",
            Self::FeatureFlag {} => "feature_flag",
            Self::LicenseKeys(_) => "license_keys",
            Self::MeterCredit { .. } => "meter_credit",
            Self::Downloadables { .. } => "downloadables",
            Self::Discord { .. } => "discord",
            Self::GithubRepository { .. } => "github_repository",
            Self::SlackSharedChannel { .. } => "slack_shared_channel",
        }
    }

    /// The properties alone.
    pub(crate) fn properties(&self) -> Value {
        serde_json::to_value(self)
            .ok()
            .and_then(|mut whole| whole.get_mut("properties").map(Value::take))
            .unwrap_or_default()
    }

    /// The properties that customers may see.
    pub(crate) fn public_properties(&self) -> Value {
        let mut shown = self.properties();
        match (self, shown.as_object_mut()) {
            (Self::SlackSharedChannel { .. }, Some(shown)) => shown.clear(),
            (Self::Discord { .. }, Some(shown)) => shown.retain(|key, _| key == "guild_id"),
            (Self::GithubRepository { .. }, Some(shown)) => {
                shown.retain(|key, _| key.starts_with("repository"));
            }
            (Self::Downloadables { .. }, Some(shown)) => {
                shown.clear();
                let files = self
                    .active_files()
                    .map(|file| Value::from(file.to_string()));
                shown.insert("active_files".to_owned(), files.collect());
            }
            _ => {}
        }
        shown
    }

    /// The files of a downloadable that buyers get, in the seller's order.
    pub(crate) fn active_files(&self) -> impl Iterator<Item = Id<File>> {
        let (files, archived) = match self {
            Self::Downloadables { files, archived } => (&**files, Some(archived)),
            _ => (&[][..], None),
        };
        let is_archived = move |file| archived.and_then(|all| all.get(file)) == Some(&true);
        files
            .iter()
            .filter(move |file| !is_archived(*file))
            .copied()
    }

    /// Whether the seller may choose who sees it.
    pub(crate) const fn visibility_configurable(&self) -> bool {
        matches!(
            self,
            Self::Custom { .. }
                | Self::FeatureFlag {}
                | Self::LicenseKeys(_)
                | Self::MeterCredit { .. }
        )
    }

    /// Who sees it when the seller says nothing, or may say nothing.
    pub(crate) const fn default_visibility(&self) -> Visibility {
        match self {
            Self::FeatureFlag {} => Visibility::Private,
            _ => Visibility::Public,
        }
    }

    /// True when what was granted under `before` must be brought up to date.
    pub(crate) fn changes_grants(&self, before: &Self) -> bool {
        match (self, before) {
            (Self::LicenseKeys(now), Self::LicenseKeys(then)) => {
                (now.expires, now.activations, now.limit_usage)
                    != (then.expires, then.activations, then.limit_usage)
            }
            (Self::Downloadables { .. }, _) => {
                let set = |kind: &Self| kind.active_files().collect::<BTreeSet<_>>();
                set(self) != set(before)
            }
            _ => false,
        }
    }
}

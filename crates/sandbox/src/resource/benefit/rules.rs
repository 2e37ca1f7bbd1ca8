//! What the properties of a benefit must agree with.

use serde_json::{Value, json};

use super::{Kind, Visibility};
use crate::failure::{Failure, Flaw};
use crate::resource::file::File;
use crate::resource::meter;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// Checks new properties against the rest of the world.
pub(super) fn check(
    world: &World,
    organization: Id<Organization>,
    kind: Kind,
) -> Result<Kind, Failure> {
    match kind {
        Kind::MeterCredit { meter_id, .. }
            if meter::find(world, organization, meter_id).is_none() =>
        {
            let place = ["properties".into(), "meter_id".into()];
            let message = "This meter does not exist.";
            let flaw = Flaw::body("value_error", place, message, json!(meter_id));
            Err(Failure::refused(flaw))
        }
        Kind::Downloadables { ref files, .. } => {
            let unknown = files_unknown(world, organization, files);
            if unknown.is_empty() {
                Ok(kind)
            } else {
                Err(Failure::Refused(unknown))
            }
        }
        Kind::SlackSharedChannel { .. } if !allows_slack(world, organization) => {
            let message = "Slack shared channel benefit is not enabled for this organization.";
            Err(Failure::refused(Flaw::field("type", message, kind.name())))
        }
        Kind::LicenseKeys(mut terms) => {
            // An empty prefix is none.
            terms.prefix = terms.prefix.filter(|prefix| !prefix.trim().is_empty());
            Ok(Kind::LicenseKeys(terms))
        }
        Kind::Discord {
            role_id,
            kick_member,
            guild_token,
            ..
        } => Ok(Kind::Discord {
            guild_id: guild(&guild_token),
            role_id,
            kick_member,
            guild_token,
        }),
        kind => Ok(kind),
    }
}

/// The seller's choice, where there is one. Elsewhere a benefit is public.
pub(super) fn visibility(kind: &Kind, chosen: Option<Visibility>) -> Result<Visibility, Failure> {
    match chosen {
        Some(Visibility::Private | Visibility::Draft) if !kind.visibility_configurable() => {
            let message = "A benefit of this type is always public.";
            let flaw = Flaw::field("visibility", message, json!(chosen));
            Err(Failure::refused(flaw))
        }
        chosen => Ok(chosen.unwrap_or_else(|| kind.default_visibility())),
    }
}

/// Files need not be uploaded yet: buyers get them once they are.
fn files_unknown(world: &World, organization: Id<Organization>, files: &[Id<File>]) -> Vec<Flaw> {
    let is_own = |id: Id<File>| {
        let file = world.files.find(id);
        file.is_some_and(|row| row.organization == organization && row.deleted_at.is_none())
    };
    let listed = files.iter().enumerate();
    listed
        .filter(|(_, id)| !is_own(**id))
        .map(|(index, id)| {
            let place = ["properties".into(), "files".into(), index.into()];
            Flaw::body("value_error", place, "File not found.", json!(id))
        })
        .collect()
}

fn allows_slack(world: &World, organization: Id<Organization>) -> bool {
    world
        .organizations
        .find(organization)
        .is_some_and(|row| row.features.slack_benefit_enabled)
}

/// Polar's guild tokens are signed elsewhere; here whatever is sent names the guild itself.
fn guild(token: &str) -> String {
    token.to_owned()
}

/// Refuses an update that names another kind than the benefit has.
pub(super) fn same_kind(kind: &Kind, sent: Option<&Value>) -> Result<(), Failure> {
    if sent.and_then(Value::as_str) == Some(kind.name()) {
        return Ok(());
    }
    let message = "Benefit type cannot be changed.";
    Err(Failure::refused(Flaw::field("type", message, kind.name())))
}

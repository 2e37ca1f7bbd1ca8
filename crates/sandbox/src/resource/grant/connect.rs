//! What a customer does first where a benefit waits for it: connects an account elsewhere, or says whom to
//! invite.

use serde_json::{Map, Value};

use super::{Grant, act};
use crate::failure::Failure;
use crate::resource::benefit::Kind;
use crate::resource::customer::Customer;
use crate::world::{Id, World};

/// The property of a grant that names an account at Discord or GitHub.
const ACCOUNT: &str = "account_id";
/// The property that names whom a Slack channel is shared with.
const INVITED: &str = "invited_email";

/// Names the account, and grants what waited for it; answers the grant as it is then.
pub(crate) fn connect(world: &mut World, id: Id<Grant>, account: &str) -> Result<(), Failure> {
    let grant = world.grants.get(id)?;
    let kind = &world.benefits.get(grant.benefit)?.kind;
    let Some(property) = property(kind) else {
        let detail = format!("A benefit of the type {} asks for no account.", kind.name());
        return Err(Failure::named(409, "NoAccountNeeded", detail));
    };
    if grant.revoked_at.is_some() {
        let detail = "This benefit was taken back from the customer.";
        return Err(Failure::named(409, "GrantRevoked", detail));
    }
    let row = world.grants.get_mut(id)?;
    row.properties.insert(property.to_owned(), account.into());
    act::update(world, id);
    Ok(())
}

/// True when the customer has connected this account for another benefit of the same kind.
pub(crate) fn has_connected(
    world: &World,
    customer: Id<Customer>,
    kind: &Kind,
    account: &str,
) -> bool {
    let same = |row: &&Grant| {
        let benefit = world.benefits.find(row.benefit);
        benefit.is_some_and(|benefit| benefit.kind.name() == kind.name())
    };
    let mut grants = world.grants.of(customer).filter(same);
    grants.any(|row| row.properties.get(ACCOUNT).and_then(Value::as_str) == Some(account))
}

/// Which property has to be there before the benefit can be granted.
const fn property(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Discord { .. } | Kind::GithubRepository { .. } => Some(ACCOUNT),
        Kind::SlackSharedChannel { .. } => Some(INVITED),
        Kind::Custom { .. }
        | Kind::FeatureFlag {}
        | Kind::LicenseKeys(_)
        | Kind::MeterCredit { .. }
        | Kind::Downloadables { .. } => None,
    }
}

/// What a grant notes once the account is there; nothing while it is not.
pub(super) fn noted(
    world: &mut World,
    properties: &Map<String, Value>,
    kind: &Kind,
) -> Option<Map<String, Value>> {
    let account = properties.get(property(kind)?)?.clone();
    let mut noted = properties.clone();
    let mut note = |name: &str, value: Value| {
        noted.insert(name.to_owned(), value);
    };
    match kind {
        Kind::Discord {
            guild_id, role_id, ..
        } => {
            note("guild_id", guild_id.as_str().into());
            note("role_id", role_id.as_str().into());
            note("granted_account_id", account);
        }
        Kind::GithubRepository {
            repository_owner,
            repository_name,
            permission,
        } => {
            note("repository_owner", repository_owner.as_str().into());
            note("repository_name", repository_name.as_str().into());
            note("permission", permission.as_str().into());
            note("granted_account_id", account);
        }
        _ if !properties.contains_key("channel_id") => {
            let mut id =
                |kind: &str| format!("{kind}{}", world.chance.alphanumeric(10).to_uppercase());
            let (channel, invite) = (id("C"), id("I"));
            note(
                "invite_url",
                format!("https://join.slack.com/share/{invite}").into(),
            );
            note("invite_id", invite.into());
            note(
                "channel_name",
                format!("shared-{}", channel.to_lowercase()).into(),
            );
            note("channel_id", channel.into());
        }
        _ => {}
    }
    Some(noted)
}

//! A customer session: a token with which a customer (or one of its members) uses the portal.

mod create;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::call::{Caller, Handler};
use crate::resource::customer::Customer;
use crate::resource::member::Member;
use crate::resource::organization;
use crate::world::{Id, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[("customer-sessions:create", create::handle)];

const CUSTOMER_PREFIX: &str = "polar_cst_";
const MEMBER_PREFIX: &str = "polar_mst_";
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// One row. Its text is kept, so that a saved world knows it again; Polar keeps only a hash.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) token: String,
    pub(crate) customer: Id<Customer>,
    /// Whose it is when it is a member's.
    pub(crate) member: Option<Id<Member>>,
    pub(crate) return_url: Option<String>,
}

found_by!(Session: token);

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("customer", &self.customer)
            .field("member", &self.member)
            .finish_non_exhaustive()
    }
}

/// Opens the portal to a customer for an hour, or to one of its members.
pub(crate) fn open(
    world: &mut World,
    customer: Id<Customer>,
    member: Option<Id<Member>>,
    return_url: Option<String>,
) -> Id<Session> {
    let id = world.chance.id();
    let created_at = world.stamp();
    let prefix = match member {
        Some(_) => MEMBER_PREFIX,
        None => CUSTOMER_PREFIX,
    };
    let session = Session {
        id,
        created_at,
        expires_at: created_at.saturating_add(LIFETIME).unwrap_or(created_at),
        token: world.chance.token(prefix),
        customer,
        member,
        return_url,
    };
    world.sessions.insert(id, session);
    id
}

/// Where the session's holder finds the portal.
pub(crate) fn portal_url(world: &World, session: &Session) -> String {
    let customer = world.customers.find(session.customer);
    let organization = customer.and_then(|row| world.organizations.find(row.organization));
    let slug = organization.map_or("", |row| row.slug.as_str());
    let member = session.member.and_then(|id| world.members.find(id));
    let email = match member {
        Some(member) => Some(member.email.as_str()),
        None => customer.and_then(|row| row.email.as_deref()),
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("customer_session_token", &session.token);
    if let Some(email) = email {
        query.append_pair("email", email);
    }
    format!("{}/{slug}/portal?{}", world.base_url, query.finish())
}

impl World {
    /// Whom a session's token stands for; `None` when it is unknown or over, its customer is gone,
    /// or its organization is blocked.
    pub(crate) fn session_caller(&self, token: &str) -> Option<Caller> {
        if !token.starts_with(CUSTOMER_PREFIX) && !token.starts_with(MEMBER_PREFIX) {
            return None;
        }
        let session = self.sessions.of(token).find(|row| row.token == token)?;
        let customer = self.customers.find(session.customer)?;
        if self.now() >= session.expires_at || customer.deleted_at.is_some() {
            return None;
        }
        if !organization::capabilities(self, customer.organization).api_access {
            return None;
        }
        let session_id = session.id;
        match session.member {
            None => Some(Caller::Customer {
                customer: customer.id,
                session: session_id,
            }),
            Some(member) => {
                let member = self.members.find(member)?;
                member.deleted_at.is_none().then_some(Caller::Member {
                    member: member.id,
                    session: session_id,
                })
            }
        }
    }
}

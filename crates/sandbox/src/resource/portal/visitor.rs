//! Who visits the portal, and what they may do there.

use serde_json::Value;

use crate::call::{Call, Caller};
use crate::failure::Failure;
use crate::operations;
use crate::reply::Reply;
use crate::resource::customer::Customer;
use crate::resource::member::{Member, Role};
use crate::resource::organization::Organization;
use crate::resource::session::Session;
use crate::world::{Id, World};

/// A customer, or one of its members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visitor {
    pub(super) organization: Id<Organization>,
    pub(super) customer: Id<Customer>,
    pub(super) member: Option<(Id<Member>, Role)>,
    pub(super) session: Id<Session>,
}

impl Visitor {
    /// Whoever calls; 401 for anybody else.
    pub(super) fn of(world: &World, call: &Call) -> Result<Self, Failure> {
        let (customer, member, session) = match call.caller {
            Caller::Customer { customer, session } => (customer, None, session),
            Caller::Member { member, session } => {
                let row = world.members.get(member)?;
                (row.customer, Some((member, row.role)), session)
            }
            Caller::Anonymous | Caller::Organization(_) => return Err(Failure::Unauthorized),
        };
        Ok(Self {
            organization: world.customers.get(customer)?.organization,
            customer,
            member,
            session,
        })
    }

    /// Whoever calls, if they may see bills and change what is paid for.
    pub(super) fn with_billing(world: &World, call: &Call) -> Result<Self, Failure> {
        let visitor = Self::of(world, call)?;
        match visitor.member {
            Some((_, Role::Member)) => Err(Failure::named(
                403,
                "NotPermitted",
                "Only owners and billing managers can access billing features.",
            )),
            Some((_, Role::Owner | Role::BillingManager)) | None => Ok(visitor),
        }
    }

    /// The seller's own operation on what the path names, which the visitor has been found to own.
    pub(super) fn as_seller(
        &self,
        world: &mut World,
        call: &Call,
        operation: &str,
        body: Value,
    ) -> Result<Reply, Failure> {
        let call = Call {
            caller: Caller::Organization(self.organization),
            path: call.path.clone(),
            query: call.query.clone(),
            body,
        };
        operations::run(world, operation, &call)
    }

    /// True for what belongs to the visitor: to this very member, where it is one.
    pub(super) fn sees(&self, customer: Id<Customer>, member: Option<Id<Member>>) -> bool {
        let own = self.member.is_none_or(|(own, _)| member == Some(own));
        self.customer == customer && own
    }
}

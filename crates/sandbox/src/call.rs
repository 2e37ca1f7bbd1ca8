//! One API call after the face has understood it: who calls, and what with.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::{Failure, Flaw};
use crate::query::Query;
use crate::reply::Reply;
use crate::resource::customer::Customer;
use crate::resource::member::Member;
use crate::resource::organization::Organization;
use crate::resource::session::Session;
use crate::world::{Id, World};

/// What an operation does to the world. Pure: the same world and call give the same reply.
pub(crate) type Handler = fn(&mut World, &Call) -> Result<Reply, Failure>;

/// A call whose route, caller, parameters and body have passed the checks that the facts state.
#[derive(Debug)]
pub(crate) struct Call {
    /// Who calls.
    pub(crate) caller: Caller,
    /// Path parameters by name; ids among them are known to be uuids.
    pub(crate) path: BTreeMap<String, String>,
    /// Query parameters, checked, with defaults filled in.
    pub(crate) query: Query,
    /// The body, checked: coerced as pydantic would, defaults left out (absent stays absent). `Null` without one.
    pub(crate) body: Value,
}

/// Whom the bearer token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// No token, or one of a kind the route does not take.
    Anonymous,
    /// An organization access token.
    Organization(Id<Organization>),
    /// A customer session.
    Customer {
        customer: Id<Customer>,
        session: Id<Session>,
    },
    /// A member session.
    Member {
        member: Id<Member>,
        session: Id<Session>,
    },
}

impl Call {
    /// The id in the path under `name`.
    pub(crate) fn id<T>(&self, name: &str) -> Result<Id<T>, Failure> {
        self.path
            .get(name)
            .and_then(|text| Id::parse(text))
            .ok_or_else(Failure::not_found)
    }

    /// The text in the path under `name`.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Failure> {
        self.path
            .get(name)
            .map(String::as_str)
            .ok_or_else(Failure::not_found)
    }

    /// The calling organization.
    pub(crate) fn organization(&self) -> Result<Id<Organization>, Failure> {
        match self.caller {
            Caller::Organization(id) => Ok(id),
            Caller::Anonymous | Caller::Customer { .. } | Caller::Member { .. } => {
                Err(Failure::Unauthorized)
            }
        }
    }

    /// The body as the operation's own input.
    pub(crate) fn input<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        read(&self.body)
    }

    /// True when the body mentions `field`, even as null.
    pub(crate) fn sends(&self, field: &str) -> bool {
        self.body.get(field).is_some()
    }
}

/// A body, or a part of one, as an input. The facts have checked it already, so a failure here is a
/// shape the input struct cannot hold; it is reported, not hidden.
pub(crate) fn read<T: DeserializeOwned>(body: &Value) -> Result<T, Failure> {
    T::deserialize(body).map_err(|error| {
        let message = error.to_string();
        let flaw = Flaw::body("value_error", [], message, body.clone());
        Failure::Malformed(vec![flaw])
    })
}

//! Making a customer, by API or at a first purchase: the row, its owner, the announcement.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Customer, CustomerKind, TaxId};
use crate::billing::Address;
use crate::resource::member::{self, NewMember, Role};
use crate::resource::organization::Organization;
use crate::world::{Chance, Id, Job, World};

/// What is known of a customer to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewCustomer {
    pub(crate) organization: Id<Organization>,
    pub(crate) kind: CustomerKind,
    pub(crate) email: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) billing_name: Option<String>,
    pub(crate) billing_address: Option<Address>,
    pub(crate) tax_id: Option<TaxId>,
    pub(crate) locale: Option<String>,
    pub(crate) metadata: Map<String, Value>,
    /// Who owns it; what is not said is copied from the customer itself.
    pub(crate) owner: Option<NewMember>,
}

/// Adds the customer and its owner. The owner is announced at once, the customer from the background.
pub(crate) fn add(world: &mut World, new: NewCustomer) -> Id<Customer> {
    let id = world.chance.id();
    let created_at = world.stamp();
    let short_id = short_id(&mut world.chance);
    let owner = owner_of(&new);
    world.customers.insert(
        id,
        Customer {
            id,
            organization: new.organization,
            created_at,
            modified_at: None,
            deleted_at: None,
            kind: new.kind,
            email: new.email,
            email_verified: false,
            external_id: new.external_id,
            name: new.name,
            billing_name: new.billing_name,
            billing_address: new.billing_address,
            tax_id: new.tax_id,
            locale: new.locale,
            metadata: new.metadata,
            default_payment_method: None,
            first_user_event_at: None,
            short_id,
            invoices: 0,
            receipts: 0,
            balances: BTreeMap::new(),
        },
    );
    member::add(world, id, owner, Role::Owner);
    world.agenda.soon(Job::CustomerCreated(id));
    id
}

fn owner_of(new: &NewCustomer) -> NewMember {
    let said = new.owner.as_ref();
    let email = said.map(|owner| owner.email.clone());
    NewMember {
        email: email.or_else(|| new.email.clone()).unwrap_or_default(),
        name: said
            .and_then(|owner| owner.name.clone())
            .or_else(|| new.name.clone()),
        external_id: said
            .and_then(|owner| owner.external_id.clone())
            .or_else(|| new.external_id.clone()),
    }
}

/// Ten capital letters: eight are the least, and the moments since 2024 fill two more.
fn short_id(chance: &mut Chance) -> String {
    (0..10)
        .map(|_| u8::try_from(chance.between(0, 25)).map_or('A', |step| char::from(b'A' + step)))
        .collect()
}

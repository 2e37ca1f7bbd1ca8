//! What visitors of the portal have begun and not yet ended: signing in, another e-mail, a card to prove.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::resource::customer::Customer;
use crate::resource::member::Member;
use crate::resource::payment_method::Card;
use crate::world::{Id, Row, Table, World, found_by};

/// How long a code or a link in a letter lasts.
const LIFETIME: SignedDuration = SignedDuration::from_mins(30);
/// So many of each are kept; older ones are forgotten.
const KEPT: usize = 1_000;

/// Somebody wants to sign in, and proves with a code to read the address.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    id: Id<Self>,
    code: String,
    ends_at: Timestamp,
    visit: Visit,
}

/// Who wants to sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Visit {
    pub(super) customer: Id<Customer>,
    pub(super) member: Option<Id<Member>>,
    pub(super) email: String,
}

/// A customer wants to be reached elsewhere, and proves with a token to read that address.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AddressChange {
    id: Id<Self>,
    token: String,
    ends_at: Timestamp,
    customer: Id<Customer>,
    email: String,
}

/// A card whose holder the bank wants to hear from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CardSetup {
    id: Id<Self>,
    name: String,
    customer: Id<Customer>,
    card: Card,
}

found_by!(Login: code);
found_by!(AddressChange: token, customer);
found_by!(CardSetup: name);

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("visit", &self.visit)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AddressChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressChange")
            .field("customer", &self.customer)
            .finish_non_exhaustive()
    }
}

/// Remembers a code for signing in.
pub(super) fn expect_login(world: &mut World, code: String, visit: Visit) {
    let (id, ends_at) = (world.chance.id(), end(world.now()));
    let row = Login {
        id,
        code,
        ends_at,
        visit,
    };
    world.logins.insert(id, row);
    forget_oldest(&mut world.logins);
}

/// Takes the code: it works once.
pub(super) fn take_login(world: &mut World, code: &str) -> Option<Visit> {
    let now = world.now();
    let mut known = world.logins.of(code);
    let row = known.find(|row| row.code == code && now < row.ends_at)?;
    let (id, visit) = (row.id, row.visit.clone());
    world.logins.remove(id);
    Some(visit)
}

/// Remembers the link for another e-mail, instead of any other of the customer.
pub(super) fn expect_address(
    world: &mut World,
    token: String,
    customer: Id<Customer>,
    email: String,
) {
    let older: Vec<_> = world
        .address_changes
        .of(customer)
        .map(|row| row.id)
        .collect();
    for id in older {
        world.address_changes.remove(id);
    }
    let (id, ends_at) = (world.chance.id(), end(world.now()));
    let row = AddressChange {
        id,
        token,
        ends_at,
        customer,
        email,
    };
    world.address_changes.insert(id, row);
    forget_oldest(&mut world.address_changes);
}

/// True while the link works.
pub(super) fn expects_address(world: &World, token: &str) -> bool {
    address(world, token).is_some()
}

/// Takes the link: it works once. Gives the customer and the new e-mail.
pub(super) fn take_address(world: &mut World, token: &str) -> Option<(Id<Customer>, String)> {
    let row = address(world, token)?;
    let (id, taken) = (row.id, (row.customer, row.email.clone()));
    world.address_changes.remove(id);
    Some(taken)
}

fn address<'w>(world: &'w World, token: &str) -> Option<&'w AddressChange> {
    let now = world.now();
    let mut known = world.address_changes.of(token);
    known.find(|row| row.token == token && now < row.ends_at)
}

/// Keeps a card until its holder has answered the bank.
pub(super) fn hold_card(world: &mut World, name: String, customer: Id<Customer>, card: Card) {
    let id = world.chance.id();
    let row = CardSetup {
        id,
        name,
        customer,
        card,
    };
    world.card_setups.insert(id, row);
    forget_oldest(&mut world.card_setups);
}

/// The card behind a setup of the customer's.
pub(super) fn held_card<'w>(
    world: &'w World,
    name: &str,
    customer: Id<Customer>,
) -> Option<&'w Card> {
    let mut known = world.card_setups.of(name);
    let row = known.find(|row| row.name == name && row.customer == customer)?;
    Some(&row.card)
}

fn end(now: Timestamp) -> Timestamp {
    now.saturating_add(LIFETIME).unwrap_or(now)
}

fn forget_oldest<T: Row>(table: &mut Table<T>) {
    let oldest = table.iter().next().map(Row::id);
    if table.len() > KEPT
        && let Some(oldest) = oldest
    {
        table.remove(oldest);
    }
}

//! One attempt to charge a card.

use super::{Payment, PaymentStatus, Trigger};
use crate::resource::checkout::Checkout;
use crate::resource::customer::Customer;
use crate::resource::order::Order;
use crate::resource::organization::Organization;
use crate::resource::payment_method::{Card, Decline, Outcome};
use crate::world::{Id, Job, World};

/// Who is charged, how much, and why.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) organization: Id<Organization>,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) card: Card,
    pub(crate) trigger: Option<Trigger>,
    pub(crate) customer: Option<Id<Customer>>,
    pub(crate) customer_email: Option<String>,
    pub(crate) checkout: Option<Id<Checkout>>,
    pub(crate) order: Option<Id<Order>>,
}

impl Attempt {
    /// The charge of an order.
    pub(crate) fn for_order(
        world: &World,
        order: &Order,
        card: &Card,
        trigger: Option<Trigger>,
    ) -> Self {
        let customer = world.customers.find(order.customer);
        Self {
            organization: order.organization,
            amount: order.due_amount(),
            currency: order.currency.clone(),
            card: card.clone(),
            trigger,
            customer: Some(order.customer),
            customer_email: customer.and_then(|row| row.email.clone()),
            checkout: order.checkout,
            order: Some(order.id),
        }
    }

    /// The charge of a checkout that has no order yet.
    pub(crate) fn for_checkout(checkout: &Checkout, card: &Card) -> Self {
        Self {
            organization: checkout.organization,
            amount: checkout.bill.total,
            currency: checkout.currency.clone(),
            card: card.clone(),
            trigger: Some(Trigger::Purchase),
            customer: checkout.customer,
            customer_email: checkout.buyer.email.clone(),
            checkout: Some(checkout.id),
            order: None,
        }
    }
}

/// Writes down what became of the attempt.
pub(crate) fn add(world: &mut World, attempt: Attempt, outcome: Outcome) -> Id<Payment> {
    let id = world.chance.id();
    let created_at = world.stamp();
    let decline = match outcome {
        Outcome::Succeeds => None,
        Outcome::Declined(decline) => Some(decline),
        // Nobody is there to prove who they are.
        Outcome::NeedsAuthentication => Some(Decline::AuthenticationFailed),
    };
    if decline.is_none() && attempt.card.aftermath.dispute_reason().is_some() {
        world.agenda.soon(Job::DisputePayment(id));
    }
    let status = match decline {
        None => PaymentStatus::Succeeded,
        Some(_) => PaymentStatus::Failed,
    };
    world.payments.insert(
        id,
        Payment {
            id,
            organization: attempt.organization,
            created_at,
            modified_at: None,
            status,
            amount: attempt.amount,
            currency: attempt.currency,
            card: attempt.card,
            trigger: attempt.trigger,
            decline,
            customer: attempt.customer,
            customer_email: attempt.customer_email,
            checkout: attempt.checkout,
            order: attempt.order,
        },
    );
    id
}

//! Every kind of background work. Names are saved with the world: retire one, never rename it.

use serde::{Deserialize, Serialize};

use super::{Id, World};
use crate::resource::benefit::Benefit;
use crate::resource::checkout::{self, Checkout};
use crate::resource::customer::{self, Customer};
use crate::resource::dispute::{self, Dispute};
use crate::resource::grant::GrantScope;
use crate::resource::license_key::LicenseKey;
use crate::resource::order::{self, Order};
use crate::resource::payment::{Payment, Trigger};
use crate::resource::payment_method::{Card, Decline};
use crate::resource::product::Product;
use crate::resource::refund::{self, Refund, RefundStatus};
use crate::resource::subscription::{self, Subscription};
use crate::resource::{customer_meter, customer_state, grant, license_key, subscription_meter};

/// One piece of work. Running it may plan more. Jobs look their rows up again: much may have happened since.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Job {
    BillSubscription(Id<Subscription>),
    BookFee(Id<Order>),
    ChargeOrder {
        order: Id<Order>,
        trigger: Trigger,
    },
    CompleteCheckout(Id<Checkout>),
    CustomerCreated(Id<Customer>),
    CustomerDeleted(Id<Customer>),
    CustomerStateChanged(Id<Customer>),
    CustomerUpdated(Id<Customer>),
    CycleGrants(Id<Subscription>),
    CycleSubscription(Id<Subscription>),
    DisputeDeadline(Id<Dispute>),
    DisputePayment(Id<Payment>),
    Dun(Id<Order>),
    EndSubscriptions(Id<Customer>),
    ExpireCheckout(Id<Checkout>),
    FollowLicenseKey(Id<LicenseKey>),
    MeasureCustomer(Id<Customer>),
    NoteDecline {
        checkout: Id<Checkout>,
        card: Card,
        decline: Decline,
    },
    ReopenCheckout(Id<Checkout>),
    ResumeSubscription(Id<Subscription>),
    RevokeBenefit(Id<Benefit>),
    RevokeCustomerGrants(Id<Customer>),
    RevokeGrants(GrantScope),
    SettleRefund {
        refund: Id<Refund>,
        status: RefundStatus,
    },
    SubscriptionMetersChanged(Id<Subscription>),
    SyncGrants(GrantScope),
    SyncProductGrants(Id<Product>),
    UpdateGrants(Id<Benefit>),
    VoidOrder(Id<Order>),
    WriteInvoice(Id<Order>),
}

impl Job {
    /// Does the work.
    pub(crate) fn run(self, world: &mut World) {
        match self {
            Self::BillSubscription(id) => subscription::bill(world, id),
            Self::BookFee(id) => order::book_fee(world, id),
            Self::ChargeOrder { order, trigger } => {
                order::charge(world, order, trigger);
            }
            Self::CompleteCheckout(id) => checkout::complete(world, id),
            Self::ExpireCheckout(id) => checkout::expire(world, id),
            Self::NoteDecline {
                checkout,
                card,
                decline,
            } => {
                checkout::note_decline(world, checkout, &card, decline);
            }
            Self::ReopenCheckout(id) => checkout::reopen(world, id),
            Self::CustomerCreated(id) => customer::created(world, id),
            Self::CustomerDeleted(id) => customer::deleted(world, id),
            Self::CustomerUpdated(id) => customer::updated(world, id),
            Self::CycleSubscription(id) => subscription::cycle(world, id),
            Self::DisputeDeadline(id) => dispute::at_deadline(world, id),
            Self::DisputePayment(id) => dispute::of_card(world, id),
            Self::Dun(id) => order::dun(world, id),
            Self::EndSubscriptions(id) => customer::end_subscriptions(world, id),
            Self::ResumeSubscription(id) => subscription::come_back(world, id),
            Self::SettleRefund { refund, status } => refund::settle_later(world, refund, status),
            Self::VoidOrder(id) => order::void(world, id),
            Self::WriteInvoice(id) => order::write_invoice(world, id),
            Self::CustomerStateChanged(customer) => customer_state::announce(world, customer),
            Self::CycleGrants(subscription) => grant::cycle(world, subscription),
            Self::FollowLicenseKey(key) => license_key::follow(world, key),
            Self::MeasureCustomer(customer) => customer_meter::measure(world, customer),
            Self::RevokeBenefit(benefit) => grant::revoke_benefit(world, benefit),
            Self::RevokeCustomerGrants(customer) => grant::revoke_customer(world, customer),
            Self::RevokeGrants(scope) => grant::revoke_scope(world, scope),
            Self::SubscriptionMetersChanged(id) => subscription_meter::announce(world, id),
            Self::SyncGrants(scope) => grant::sync(world, scope),
            Self::SyncProductGrants(product) => grant::sync_product(world, product),
            Self::UpdateGrants(benefit) => grant::update_benefit(world, benefit),
        }
    }
}

//! Writing a bill: the lines, the tax, the number.

use serde_json::{Map, Value};

use super::{BillingReason, Order, OrderItem, OrderStatus};
use crate::billing::{Bill, TaxLocation, TaxSetting};
use crate::resource::checkout::Checkout;
use crate::resource::customer::Customer;
use crate::resource::discount::Discount;
use crate::resource::organization::Organization;
use crate::resource::price::Price;
use crate::resource::product::Product;
use crate::resource::subscription::Subscription;
use crate::world::{Id, World};

/// What an order is made of.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder {
    pub(crate) organization: Id<Organization>,
    pub(crate) customer: Id<Customer>,
    pub(crate) status: OrderStatus,
    pub(crate) reason: BillingReason,
    pub(crate) currency: String,
    pub(crate) items: Vec<OrderItem>,
    pub(crate) discount: Option<Id<Discount>>,
    pub(crate) discount_amount: i64,
    pub(crate) product: Option<Id<Product>>,
    pub(crate) subscription: Option<Id<Subscription>>,
    pub(crate) checkout: Option<Id<Checkout>>,
    pub(crate) seats: Option<i64>,
    pub(crate) units: Option<i64>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) custom_field_data: Map<String, Value>,
}

/// Writes the bill for the customer's address, with the next number.
pub(crate) fn add(world: &mut World, new: NewOrder) -> Option<Id<Order>> {
    let customer = world.customers.find(new.customer)?;
    let address = customer.billing_address.clone();
    let billing_name = customer
        .billing_name
        .clone()
        .or_else(|| customer.name.clone());
    let location = TaxLocation::of(address.as_ref(), customer.tax_id.is_some());
    let subtotal = new
        .items
        .iter()
        .map(|item| item.amount)
        .fold(0, i64::saturating_add);
    // A draft is taxed as the organization says, whatever its price says.
    let is_draft = new.status == OrderStatus::Draft;
    let price = new.items.iter().find_map(|item| item.price);
    let price = price.filter(|_| !is_draft);
    let setting = tax_setting(world, new.organization, price);
    let bill = Bill::new(subtotal, new.discount_amount, location, setting);
    let invoice_number = (!is_draft).then(|| invoice_number(world, new.organization, new.customer));
    let id = world.chance.id();
    let created_at = world.stamp();
    world.orders.insert(
        id,
        Order {
            id,
            organization: new.organization,
            created_at,
            modified_at: None,
            status: new.status,
            reason: new.reason,
            currency: new.currency,
            items: new.items,
            discount_amount: new.discount_amount,
            tax_amount: bill.tax.unwrap_or_default(),
            tax_behavior: bill.behavior,
            applied_balance: 0,
            refunded_amount: 0,
            refunded_tax: 0,
            platform_fee: None,
            customer: new.customer,
            product: new.product,
            discount: new.discount,
            subscription: new.subscription,
            checkout: new.checkout,
            seats: new.seats,
            units: new.units,
            billing_name,
            billing_address: address,
            invoice_number,
            invoice_generated: false,
            invoiced_to: None,
            receipt_number: None,
            next_payment_attempt_at: None,
            failures: 0,
            benefits_revoked: false,
            refunds_blocked: false,
            metadata: new.metadata,
            custom_field_data: new.custom_field_data,
        },
    );
    Some(id)
}

/// A line.
pub(crate) fn item(
    world: &mut World,
    label: impl Into<String>,
    amount: i64,
    proration: bool,
    price: Option<Id<Price>>,
) -> OrderItem {
    OrderItem {
        id: world.chance.id(),
        created_at: world.stamp(),
        label: label.into(),
        amount,
        proration,
        price,
    }
}

/// What the price says about tax, else what the organization says.
pub(crate) fn tax_setting(
    world: &World,
    organization: Id<Organization>,
    price: Option<Id<Price>>,
) -> TaxSetting {
    let own = price
        .and_then(|id| world.prices.find(id))
        .and_then(|row| row.tax);
    own.unwrap_or_else(|| {
        let organization = world.organizations.find(organization);
        match organization.map(|row| row.default_tax_behavior.as_str()) {
            Some("inclusive") => TaxSetting::Inclusive,
            Some("exclusive") => TaxSetting::Exclusive,
            _ => TaxSetting::Location,
        }
    })
}

/// Gives a draft its number: it is a draft no more.
pub(super) fn number(world: &mut World, id: Id<Order>) {
    let Some(order) = world.orders.find(id) else {
        return;
    };
    let number = invoice_number(world, order.organization, order.customer);
    if let Some(order) = world.orders.find_mut(id) {
        order.invoice_number = Some(number);
    }
}

fn invoice_number(
    world: &mut World,
    organization: Id<Organization>,
    customer: Id<Customer>,
) -> String {
    let prefix = world
        .organizations
        .find(organization)
        .map(|row| row.slug.to_uppercase())
        .unwrap_or_default();
    let Some(customer) = world.customers.find_mut(customer) else {
        return prefix;
    };
    customer.invoices += 1;
    format!("{prefix}-{}-{:04}", customer.short_id, customer.invoices)
}

//! Invoices and receipts as documents: what stands on them, and where they are.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Order;
use crate::billing::{self, Address};
use crate::pdf::{self, Line};
use crate::resource::payment::PaymentStatus;
use crate::world::{Id, World};

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Invoice,
    Receipt,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Invoice => "Invoice",
            Self::Receipt => "Receipt",
        }
    }
}

/// Where the invoice is.
pub(super) fn invoice_address(world: &World, order: &Order) -> String {
    address(world, order, Kind::Invoice, invoice_number(order))
}

/// Where the receipt with this number is.
pub(super) fn receipt_address(world: &World, order: &Order, number: &str) -> String {
    address(world, order, Kind::Receipt, number)
}

fn address(world: &World, order: &Order, kind: Kind, number: &str) -> String {
    let (base, id, word) = (&world.base_url, order.id, kind.word());
    format!("{base}/files/{id}/{word}-{number}.pdf")
}

/// The document of that name, when the order has it.
pub(crate) fn document(world: &World, id: &str, name: &str) -> Option<Vec<u8>> {
    let order = world.orders.find(Id::parse(id)?)?;
    let (word, number) = name.strip_suffix(".pdf")?.split_once('-')?;
    if word == Kind::Invoice.word() && order.invoice_generated && invoice_number(order) == number {
        return Some(write(world, order, Kind::Invoice));
    }
    let receipt = order.receipt_number.as_deref() == Some(number);
    (word == Kind::Receipt.word() && receipt).then(|| write(world, order, Kind::Receipt))
}

fn write(world: &World, order: &Order, kind: Kind) -> Vec<u8> {
    let mut lines = vec![Line::head(kind.word()), Line::default()];
    lines.push(Line::pair("Invoice number", invoice_number(order)));
    let mut number = invoice_number(order);
    if kind == Kind::Receipt {
        number = order.receipt_number.as_deref().unwrap_or_default();
        lines.push(Line::pair("Receipt number", number));
        let paid = payment(world, order).unwrap_or(order.created_at);
        lines.push(Line::pair("Date paid", day(paid)));
    } else {
        lines.push(Line::pair("Date of issue", day(order.created_at)));
    }
    lines.extend(parties(world, order));
    lines.push(Line::default());
    lines.push(Line::head("Description"));
    let money = |amount| billing::spoken(&order.currency, amount);
    let items = order.items.iter();
    lines.extend(items.map(|item| Line::pair(&item.label, money(item.amount))));
    lines.push(Line::default());
    let sums = sums(order, kind).into_iter();
    lines.extend(sums.map(|(name, amount)| Line::pair(name, money(amount))));
    lines.push(Line::default());
    lines.push(Line::text(
        "Made by a sandbox. Nobody was charged, no tax is due.",
    ));
    pdf::write(&format!("{} {number}", kind.word()), &lines)
}

fn invoice_number(order: &Order) -> &str {
    order.invoice_number.as_deref().unwrap_or_default()
}

/// Who sells and who buys.
fn parties(world: &World, order: &Order) -> Vec<Line> {
    let seller = world.organizations.find(order.organization);
    let seller = seller.map(|row| row.name.as_str()).unwrap_or_default();
    let customer = world.customers.find(order.customer);
    let mut lines = vec![Line::default(), Line::head("Sold by"), Line::text(seller)];
    lines.extend([Line::default(), Line::head("Bill to")]);
    lines.extend(order.billing_name.iter().map(Line::text));
    let address = order.billing_address.as_ref();
    lines.extend(address.into_iter().flat_map(address_lines).map(Line::text));
    let number = customer.and_then(|row| row.tax_id.as_ref());
    lines.extend(number.map(|tax_id| Line::text(&tax_id.0)));
    let email = customer.and_then(|row| row.email.as_ref());
    lines.extend(email.map(Line::text));
    lines
}

fn address_lines(address: &Address) -> Vec<String> {
    let town = ["postal_code", "city", "state"];
    let town: Vec<_> = town.iter().filter_map(|part| address.part(part)).collect();
    let lines = [
        address.line1.clone(),
        address.line2.clone(),
        Some(town.join(" ")),
        Some(address.country.clone()),
    ];
    let lines = lines.into_iter().flatten();
    lines.filter(|line| !line.is_empty()).collect()
}

/// The sums under the lines, each with its name.
fn sums(order: &Order, kind: Kind) -> Vec<(&'static str, i64)> {
    let (total, balance) = (order.total_amount(), order.applied_balance);
    let taxed = order.tax_amount != 0;
    let refunded = order.refunded_amount + order.refunded_tax;
    let is_receipt = kind == Kind::Receipt;
    let sums = [
        (true, "Subtotal", order.subtotal_amount()),
        (
            order.discount_amount > 0,
            "Discount",
            -order.discount_amount,
        ),
        (taxed, "Total excluding tax", order.net_amount()),
        (taxed, "Tax", order.tax_amount),
        (true, "Total", total),
        (balance != 0, "Applied balance", balance),
        (balance != 0 && !is_receipt, "To be paid", total + balance),
        (is_receipt, "Amount paid", order.due_amount()),
        (is_receipt && refunded > 0, "Amount refunded", refunded),
    ];
    let shown = sums.into_iter().filter(|(shown, ..)| *shown);
    shown.map(|(_, name, amount)| (name, amount)).collect()
}

/// When it was paid.
fn payment(world: &World, order: &Order) -> Option<Timestamp> {
    let mut payments = world.payments.of(order.id);
    let paid = payments.find(|row| row.status == PaymentStatus::Succeeded);
    paid.map(|row| row.created_at)
}

fn day(moment: Timestamp) -> String {
    let day = moment.to_zoned(TimeZone::UTC);
    day.strftime("%B %-d, %Y").to_string()
}

//! The amounts of the main nouns as [`Money`]: each with the currency that stands beside it.

use crate::{
    CardPayment, Checkout, CheckoutPublic, CustomerOrder, CustomerSubscription, CustomerWallet,
    Dispute, GenericPayment, Money, Order, ProductPriceFixed, Refund, Subscription,
};

/// Gives a noun an amount of it as money; one that may be null, when it is there.
macro_rules! amounts {
    ($($noun:ident in $currency:ident {
        $($(#[$doc:meta])* $name:ident = $field:ident,)*
        $(; if known: $($(#[$maybe_doc:meta])* $maybe:ident = $maybe_field:ident,)*)?
    })*) => {$(
        impl $noun {
            $($(#[$doc])*
            pub fn $name(&self) -> Money {
                Money::new(self.$field, self.$currency.clone())
            })*
            $($($(#[$maybe_doc])*
            pub fn $maybe(&self) -> Option<Money> {
                let amount = self.$maybe_field?;
                Some(Money::new(amount, self.$currency.clone()))
            })*)?
        }
    )*};
}

amounts! {
    Order in currency {
        /// Before discounts and tax.
        subtotal = subtotal_amount,
        /// After discounts, before tax.
        net = net_amount,
        /// The tax.
        tax = tax_amount,
        /// After discounts and with tax.
        total = total_amount,
        /// What is left to pay.
        due = due_amount,
        /// What was given back, without tax.
        refunded = refunded_amount,
        /// What may still be given back, without tax.
        refundable = refundable_amount,
    }
    CustomerOrder in currency {
        /// Before discounts and tax.
        subtotal = subtotal_amount,
        /// After discounts, before tax.
        net = net_amount,
        /// The tax.
        tax = tax_amount,
        /// After discounts and with tax.
        total = total_amount,
        /// What is left to pay.
        due = due_amount,
        /// What was given back, without tax.
        refunded = refunded_amount,
        /// What may still be given back, without tax.
        refundable = refundable_amount,
    }
    Checkout in currency {
        /// Before discounts and tax.
        subtotal = amount,
        /// After discounts, before tax.
        net = net_amount,
        /// After discounts and with the tax known so far.
        total = total_amount,
        ; if known:
        /// The tax, once the buyer's country tells it.
        tax = tax_amount,
    }
    CheckoutPublic in currency {
        /// Before discounts and tax.
        subtotal = amount,
        /// After discounts, before tax.
        net = net_amount,
        /// After discounts and with the tax known so far.
        total = total_amount,
        ; if known:
        /// The tax, once the buyer's country tells it.
        tax = tax_amount,
    }
    Subscription in currency {
        /// What a period costs, before tax.
        price = amount,
    }
    CustomerSubscription in currency {
        /// What a period costs, before tax.
        price = amount,
    }
    Refund in currency {
        /// What is given back, without tax.
        net = amount,
        /// The tax that is given back.
        tax = tax_amount,
    }
    Dispute in currency {
        /// What is contested, without tax.
        net = amount,
        /// The tax that is contested.
        tax = tax_amount,
    }
    CardPayment in currency {
        /// What is paid.
        total = amount,
    }
    GenericPayment in currency {
        /// What is paid.
        total = amount,
    }
    CustomerWallet in currency {
        /// What is left in it.
        left = balance,
    }
    ProductPriceFixed in price_currency {
        /// What it costs, before tax unless tax is included.
        price = price_amount,
    }
}

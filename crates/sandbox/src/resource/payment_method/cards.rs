//! The test cards: each payment token, each number that may be typed into a page, and how it behaves.

use super::{Aftermath, Card, Decline, Outcome};

const OK: Outcome = Outcome::Succeeds;
const AUTHENTICATE: Outcome = Outcome::NeedsAuthentication;
const REFUSE: Outcome = Outcome::Declined(Decline::Generic);
const POOR: Outcome = Outcome::Declined(Decline::InsufficientFunds);
const EXPIRED: Outcome = Outcome::Declined(Decline::Expired);
const FRAUD: Outcome = Outcome::Declined(Decline::Fraudulent);
const CVC: Outcome = Outcome::Declined(Decline::IncorrectCvc);
const ERROR: Outcome = Outcome::Declined(Decline::ProcessingError);
const LOST: Outcome = Outcome::Declined(Decline::Lost);
const STOLEN: Outcome = Outcome::Declined(Decline::Stolen);

/// Stripe's test tokens: name, brand, last four digits, first and later charges.
const TOKENS: &[(&str, &str, &str, Outcome, Outcome)] = &[
    ("pm_card_visa", "visa", "4242", OK, OK),
    ("pm_card_visa_debit", "visa", "5556", OK, OK),
    ("pm_card_mastercard", "mastercard", "4444", OK, OK),
    ("pm_card_amex", "amex", "8431", OK, OK),
    ("pm_card_chargeDeclined", "visa", "0002", REFUSE, REFUSE),
    (
        "pm_card_visa_chargeDeclined",
        "visa",
        "0002",
        REFUSE,
        REFUSE,
    ),
    (
        "pm_card_chargeDeclinedInsufficientFunds",
        "visa",
        "9995",
        POOR,
        POOR,
    ),
    (
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "visa",
        "9995",
        POOR,
        POOR,
    ),
    (
        "pm_card_authenticationRequired",
        "visa",
        "3155",
        AUTHENTICATE,
        OK,
    ),
    (
        "pm_card_chargeDeclinedExpiredCard",
        "visa",
        "0069",
        EXPIRED,
        EXPIRED,
    ),
    (
        "pm_card_chargeDeclinedFraudulent",
        "visa",
        "0019",
        FRAUD,
        FRAUD,
    ),
    (
        "pm_card_chargeDeclinedIncorrectCvc",
        "visa",
        "0127",
        CVC,
        CVC,
    ),
    (
        "pm_card_chargeDeclinedProcessingError",
        "visa",
        "0119",
        ERROR,
        ERROR,
    ),
    (
        "pm_card_visa_chargeDeclinedLostCard",
        "visa",
        "9987",
        LOST,
        LOST,
    ),
    (
        "pm_card_visa_chargeDeclinedStolenCard",
        "visa",
        "9979",
        STOLEN,
        STOLEN,
    ),
    ("pm_card_chargeCustomerFail", "visa", "0341", OK, REFUSE),
    // Not one of Stripe's: a card that is lost after the first payment.
    ("pm_card_chargeCustomerLost", "visa", "9987", OK, LOST),
    ("pm_card_pendingRefund", "visa", "7726", OK, OK),
    ("pm_card_refundFail", "visa", "5126", OK, OK),
    ("pm_card_createDispute", "visa", "0259", OK, OK),
    (
        "pm_card_createDisputeProductNotReceived",
        "visa",
        "2685",
        OK,
        OK,
    ),
];

/// Stripe's test numbers, as typed into a card field.
const NUMBERS: &[(&str, &str, Outcome, Outcome)] = &[
    ("4242424242424242", "visa", OK, OK),
    ("4000056655665556", "visa", OK, OK),
    ("5555555555554444", "mastercard", OK, OK),
    ("378282246310005", "amex", OK, OK),
    ("4000000000000002", "visa", REFUSE, REFUSE),
    ("4000000000009995", "visa", POOR, POOR),
    ("4000002500003155", "visa", AUTHENTICATE, OK),
    ("4000002760003184", "visa", AUTHENTICATE, AUTHENTICATE),
    ("4000000000000069", "visa", EXPIRED, EXPIRED),
    ("4100000000000019", "visa", FRAUD, FRAUD),
    ("4000000000000127", "visa", CVC, CVC),
    ("4000000000000119", "visa", ERROR, ERROR),
    ("4000000000009987", "visa", LOST, LOST),
    ("4000000000009979", "visa", STOLEN, STOLEN),
    ("4000000000000341", "visa", OK, REFUSE),
    ("4000000000007726", "visa", OK, OK),
    ("4000000000005126", "visa", OK, OK),
    ("4000000000000259", "visa", OK, OK),
    ("4000000000002685", "visa", OK, OK),
];

/// What comes after a payment, by the card's last four digits.
const AFTERMATHS: &[(&str, Aftermath)] = &[
    ("7726", Aftermath::RefundPends),
    ("5126", Aftermath::RefundFails),
    ("0259", Aftermath::Disputed),
    ("2685", Aftermath::DisputedAsNotReceived),
];

/// Before the number in a token that a page makes from a card field.
const TYPED: &str = "card_";

/// The card behind a payment token: one of Stripe's names, or `card_` and a number. Whatever is not
/// known is a card whose number is wrong.
pub(crate) fn card(token: &str) -> Card {
    if let Some((_, brand, last4, first, later)) = TOKENS.iter().find(|(name, ..)| *name == token) {
        return made(brand, last4, *first, *later);
    }
    let digits: String = token
        .strip_prefix(TYPED)
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let last4: String = digits
        .chars()
        .skip(digits.len().saturating_sub(4))
        .collect();
    NUMBERS
        .iter()
        .find(|(number, ..)| *number == digits)
        .map_or_else(
            || {
                let invalid = Outcome::Declined(Decline::InvalidNumber);
                made("unknown", &format!("{last4:0>4}"), invalid, invalid)
            },
            |(_, brand, first, later)| made(brand, &last4, *first, *later),
        )
}

fn made(brand: &str, last4: &str, first: Outcome, later: Outcome) -> Card {
    let known = AFTERMATHS.iter().find(|(digits, _)| *digits == last4);
    Card {
        aftermath: known.map(|(_, aftermath)| *aftermath).unwrap_or_default(),
        brand: brand.to_owned(),
        last4: last4.to_owned(),
        first,
        later,
    }
}

impl Decline {
    /// Stripe's code for the refusal.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Generic => "generic_decline",
            Self::InsufficientFunds => "insufficient_funds",
            Self::InvalidNumber => "incorrect_number",
            Self::AuthenticationFailed => "payment_intent_authentication_failure",
            Self::Expired => "expired_card",
            Self::Fraudulent => "fraudulent",
            Self::IncorrectCvc => "incorrect_cvc",
            Self::Lost => "lost_card",
            Self::ProcessingError => "processing_error",
            Self::Stolen => "stolen_card",
        }
    }

    /// True when the card will never work: trying it again and again is of no use.
    pub(crate) const fn is_final(self) -> bool {
        !matches!(
            self,
            Self::Generic
                | Self::InsufficientFunds
                | Self::AuthenticationFailed
                | Self::ProcessingError
        )
    }

    /// What the buyer is told.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Generic | Self::Fraudulent | Self::Lost | Self::Stolen => {
                "Your card was declined."
            }
            Self::Expired => "Your card has expired.",
            Self::IncorrectCvc => "Your card's security code is incorrect.",
            Self::ProcessingError => {
                "An error occurred while processing your card. Try again in a little bit."
            }
            Self::InsufficientFunds => "Your card has insufficient funds.",
            Self::InvalidNumber => "Your card number is incorrect.",
            Self::AuthenticationFailed => "We are unable to authenticate your payment method.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_typed_numbers_behave_as_stripe_publishes_them() {
        let cases = [
            ("pm_card_visa", "4242", OK, OK),
            ("pm_card_chargeDeclined", "0002", REFUSE, REFUSE),
            ("pm_card_chargeCustomerFail", "0341", OK, REFUSE),
            ("card_4242424242424242", "4242", OK, OK),
            ("card_4242 4242 4242 4242", "4242", OK, OK),
            ("card_4000000000009995", "9995", POOR, POOR),
            ("card_4000000000000069", "0069", EXPIRED, EXPIRED),
            ("card_4000002500003155", "3155", AUTHENTICATE, OK),
        ];
        for (token, last4, first, later) in cases {
            let card = card(token);
            assert_eq!(
                (card.last4.as_str(), card.first, card.later),
                (last4, first, later),
                "{token}"
            );
        }
    }

    #[test]
    fn an_unknown_number_is_refused_as_wrong() {
        for token in ["card_1234", "card_", "whatever", "4242424242424242"] {
            assert_eq!(
                card(token).first,
                Outcome::Declined(Decline::InvalidNumber),
                "{token}"
            );
        }
    }
}

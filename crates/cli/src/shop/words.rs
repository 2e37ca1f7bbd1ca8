//! Amounts and days in words for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `1900, "usd"` → `$19`, `1950` → `$19.50`. Minor units stay integers all the way.
pub(super) fn money(minor_units: i64, currency: &str) -> String {
    let (whole, rest) = (minor_units / 100, minor_units % 100);
    let amount = if rest == 0 {
        whole.to_string()
    } else {
        format!("{whole}.{rest:02}")
    };
    with_sign(&amount, currency)
}

/// `"0.5", "usd"` → `$0.005`: Polar states unit prices in cents, as a decimal.
pub(super) fn unit_price(cents: &str, currency: &str) -> String {
    let (whole, fraction) = cents.split_once('.').unwrap_or((cents, ""));
    let digits = format!("{whole:0>3}");
    let (units, hundredths) = digits.split_at(digits.len() - 2);
    let fraction = format!("{hundredths}{fraction}");
    let kept = fraction.trim_end_matches('0');
    with_sign(&format!("{units}.{kept:0<2}"), currency)
}

/// `23 November 2026`.
pub(super) fn day(moment: Timestamp) -> String {
    moment
        .to_zoned(TimeZone::UTC)
        .strftime("%-d %B %Y")
        .to_string()
}

fn with_sign(amount: &str, currency: &str) -> String {
    match currency {
        "usd" => format!("${amount}"),
        "eur" => format!("€{amount}"),
        "gbp" => format!("£{amount}"),
        other => format!("{amount} {}", other.to_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_are_shown_only_where_there_are_some() {
        assert_eq!(money(1900, "usd"), "$19");
        assert_eq!(money(1905, "eur"), "€19.05");
        assert_eq!(money(5, "chf"), "0.05 CHF");
    }

    #[test]
    fn a_unit_price_may_be_a_fraction_of_a_cent() {
        assert_eq!(unit_price("0.5", "usd"), "$0.005");
        assert_eq!(unit_price("1.000000000000", "usd"), "$0.01");
        assert_eq!(unit_price("250", "usd"), "$2.50");
    }
}

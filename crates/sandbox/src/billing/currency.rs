//! What a currency allows: its smallest charge, its largest, and how it is written.

/// The smallest positive price in minor units, where it is not 50.
const MINIMUMS: &[(&str, i64)] = &[
    ("aed", 200),
    ("aud", 70),
    ("brl", 250),
    ("cad", 70),
    ("cny", 500),
    ("czk", 1500),
    ("dkk", 320),
    ("gbp", 40),
    ("hkd", 400),
    ("huf", 17_500),
    ("inr", 6000),
    ("jpy", 80),
    ("krw", 800),
    ("mxn", 900),
    ("nok", 500),
    ("nzd", 90),
    ("pln", 200),
    ("sek", 500),
    ("sgd", 70),
    ("thb", 2000),
    ("try", 3000),
    ("twd", 2000),
    ("zar", 900),
];

/// The usual ceiling, and the currencies whose units are so small that it does not hold.
pub(crate) const MAXIMUM: i64 = 99_999_999;
const UNCAPPED: &[&str] = &[
    "ars", "cdf", "cop", "idr", "khr", "lak", "mnt", "mwk", "ngn", "tzs", "ugx", "uzs",
];

/// Currencies without minor units.
const WHOLE: &[&str] = &[
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
];

/// True when the currency has no minor units.
pub(crate) fn is_whole(currency: &str) -> bool {
    WHOLE.contains(&currency)
}

/// The smallest price above zero.
pub(crate) fn minimum(currency: &str) -> i64 {
    MINIMUMS
        .iter()
        .find(|(code, _)| *code == currency)
        .map_or(50, |(_, minimum)| *minimum)
}

/// True when no price may be that high.
pub(crate) fn is_above_maximum(currency: &str, amount: i64) -> bool {
    amount > MAXIMUM && !UNCAPPED.contains(&currency)
}

/// An amount for people, such as `$0.50` or `¥80`.
pub(crate) fn spoken(currency: &str, amount: i64) -> String {
    let symbol = match currency {
        "usd" => "$".to_owned(),
        "eur" => "€".to_owned(),
        "gbp" => "£".to_owned(),
        "jpy" => "¥".to_owned(),
        "inr" => "₹".to_owned(),
        "krw" => "₩".to_owned(),
        "aud" => "A$".to_owned(),
        "cad" => "CA$".to_owned(),
        "brl" => "R$".to_owned(),
        other => format!("{}\u{a0}", other.to_uppercase()),
    };
    let sign = if amount < 0 { "-" } else { "" };
    let amount = amount.unsigned_abs();
    if is_whole(currency) {
        format!("{sign}{symbol}{amount}")
    } else {
        format!("{sign}{symbol}{}.{:02}", amount / 100, amount % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_the_currency_s_own_way() {
        assert_eq!(spoken("usd", 50), "$0.50");
        assert_eq!(spoken("jpy", 80), "¥80");
        assert_eq!(spoken("usd", -1205), "-$12.05");
        assert_eq!(spoken("chf", 100), "CHF\u{a0}1.00");
    }

    #[test]
    fn small_units_have_no_ceiling() {
        assert!(is_above_maximum("usd", 100_000_000));
        assert!(!is_above_maximum("usd", 99_999_999));
        assert!(!is_above_maximum("idr", 100_000_000));
    }
}

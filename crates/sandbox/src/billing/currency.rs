//! What a currency allows: its smallest charge, its largest, and how it is written.

use std::fmt::Write as _;

/// The smallest positive price in minor units, where it is not 50.
const MINIMUMS: &[(&str, i64)] = &[
    ("aed", 200),
    ("all", 5000),
    ("amd", 20_000),
    ("aoa", 50_000),
    ("ars", 75_000),
    ("aud", 70),
    ("awg", 100),
    ("azn", 100),
    ("bam", 100),
    ("bbd", 200),
    ("bdt", 7000),
    ("bif", 2000),
    ("bmd", 100),
    ("bnd", 100),
    ("bob", 500),
    ("brl", 250),
    ("bsd", 100),
    ("bwp", 1000),
    ("bzd", 200),
    ("cad", 70),
    ("cdf", 200_000),
    ("clp", 500),
    ("cny", 500),
    ("cop", 200_000),
    ("crc", 30_000),
    ("cve", 5000),
    ("czk", 1500),
    ("djf", 100),
    ("dkk", 320),
    ("dop", 4000),
    ("dzd", 7000),
    ("egp", 3000),
    ("etb", 8000),
    ("fjd", 200),
    ("fkp", 100),
    ("gbp", 40),
    ("gel", 200),
    ("gip", 100),
    ("gmd", 4000),
    ("gnf", 5000),
    ("gtq", 500),
    ("gyd", 20_000),
    ("hkd", 400),
    ("hnl", 2000),
    ("htg", 7000),
    ("huf", 17_500),
    ("idr", 900_000),
    ("ils", 150),
    ("inr", 6000),
    ("isk", 7000),
    ("jmd", 8000),
    ("jpy", 80),
    ("kes", 7000),
    ("kgs", 5000),
    ("khr", 300_000),
    ("kmf", 500),
    ("krw", 800),
    ("kyd", 100),
    ("kzt", 30_000),
    ("lak", 2_000_000),
    ("lkr", 20_000),
    ("lrd", 10_000),
    ("lsl", 1000),
    ("mad", 500),
    ("mdl", 1000),
    ("mga", 3000),
    ("mkd", 5000),
    ("mnt", 200_000),
    ("mop", 500),
    ("mur", 5000),
    ("mvr", 800),
    ("mwk", 100_000),
    ("mxn", 900),
    ("myr", 200),
    ("mzn", 5000),
    ("nad", 1000),
    ("ngn", 70_000),
    ("nio", 2000),
    ("nok", 500),
    ("npr", 8000),
    ("nzd", 90),
    ("pab", 100),
    ("pen", 200),
    ("pgk", 300),
    ("php", 3500),
    ("pkr", 20_000),
    ("pln", 200),
    ("pyg", 4000),
    ("qar", 200),
    ("ron", 250),
    ("rsd", 6000),
    ("rwf", 1000),
    ("sar", 200),
    ("sbd", 400),
    ("scr", 800),
    ("sek", 500),
    ("sgd", 70),
    ("shp", 100),
    ("sos", 50_000),
    ("srd", 2000),
    ("szl", 1000),
    ("thb", 2000),
    ("tjs", 500),
    ("top", 200),
    ("try", 3000),
    ("ttd", 400),
    ("twd", 2000),
    ("tzs", 200_000),
    ("uah", 3000),
    ("ugx", 200_000),
    ("uyu", 2000),
    ("uzs", 700_000),
    ("vnd", 20_000),
    ("vuv", 100),
    ("wst", 200),
    ("xaf", 500),
    ("xcd", 200),
    ("xcg", 100),
    ("xof", 500),
    ("xpf", 100),
    ("yer", 20_000),
    ("zar", 900),
    ("zmw", 1000),
];
const MINIMUM: i64 = 50;

/// The largest price in minor units, where units are so small that the usual one is too low.
const MAXIMUMS: &[(&str, i64)] = &[
    ("ars", 140_000_000),
    ("cdf", 280_000_000),
    ("cop", 400_000_000),
    ("idr", 1_600_000_000),
    ("khr", 400_000_000),
    ("lak", 2_100_000_000),
    ("mnt", 350_000_000),
    ("mwk", 175_000_000),
    ("ngn", 155_000_000),
    ("tzs", 250_000_000),
    ("ugx", 370_000_000),
    ("uzs", 1_250_000_000),
];
const MAXIMUM: i64 = 99_999_999;

/// Currencies without minor units.
const WHOLE: &[&str] = &[
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
];

/// Currencies with minor units that nobody writes.
const UNWRITTEN: &[&str] = &["all", "isk", "lak", "rsd", "sos", "ugx", "yer"];

/// What is written before an amount, where it is not the code.
const SYMBOLS: &[(&str, &str)] = &[
    ("aud", "A$"),
    ("brl", "R$"),
    ("cad", "CA$"),
    ("cny", "CN¥"),
    ("eur", "€"),
    ("gbp", "£"),
    ("hkd", "HK$"),
    ("ils", "₪"),
    ("inr", "₹"),
    ("jpy", "¥"),
    ("krw", "₩"),
    ("mxn", "MX$"),
    ("nzd", "NZ$"),
    ("php", "₱"),
    ("twd", "NT$"),
    ("usd", "$"),
    ("vnd", "₫"),
    ("xaf", "FCFA"),
    ("xcd", "EC$"),
    ("xcg", "Cg."),
    ("xof", "F\u{202f}CFA"),
    ("xpf", "CFPF"),
];

fn of<T: Copy>(table: &[(&str, T)], currency: &str) -> Option<T> {
    let row = table.iter().find(|(code, _)| *code == currency);
    row.map(|(_, value)| *value)
}

/// True when the currency has no minor units.
fn is_whole(currency: &str) -> bool {
    WHOLE.contains(&currency)
}

/// The smallest price above zero, in minor units.
pub(crate) fn minimum(currency: &str) -> i64 {
    of(MINIMUMS, currency).unwrap_or(MINIMUM)
}

/// The largest price, in minor units.
pub(crate) fn maximum(currency: &str) -> i64 {
    of(MAXIMUMS, currency).unwrap_or(MAXIMUM)
}

/// An amount in minor units for people, such as `$1,234.50` or `¥80`.
pub(crate) fn spoken(currency: &str, amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let amount = amount.unsigned_abs();
    let (units, minor) = if is_whole(currency) {
        (amount, None)
    } else if UNWRITTEN.contains(&currency) {
        ((amount + 50) / 100, None)
    } else {
        (amount / 100, Some(amount % 100))
    };
    let code = currency.to_uppercase();
    let symbol = of(SYMBOLS, currency).unwrap_or(&code);
    let mut text = format!("{sign}{symbol}{}", grouped(units));
    if let Some(minor) = minor {
        // Writing to a text cannot fail.
        write!(text, ".{minor:02}").unwrap_or_default();
    }
    text
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_the_currency_s_own_way() {
        let cases = [
            ("usd", 50, "$0.50"),
            ("usd", 99_999_999, "$999,999.99"),
            ("usd", -1205, "-$12.05"),
            ("jpy", 80, "¥80"),
            ("jpy", 1_234_567, "¥1,234,567"),
            ("chf", 100, "CHF1.00"),
            ("isk", 7000, "ISK70"),
        ];
        for (currency, amount, text) in cases {
            assert_eq!(spoken(currency, amount), text);
        }
    }

    #[test]
    fn weak_currencies_have_a_higher_floor_and_a_higher_ceiling() {
        assert_eq!((minimum("usd"), maximum("usd")), (50, 99_999_999));
        assert_eq!((minimum("idr"), maximum("idr")), (900_000, 1_600_000_000));
        assert_eq!((minimum("xyz"), maximum("xyz")), (50, 99_999_999));
    }
}

//! Tax numbers, checked for their form only.

/// The countries whose numbers are VAT numbers of the European Union; Greece writes EL.
const EUROPEAN: &[&str] = &[
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The number without blanks, and its kind; `None` when it cannot be one of `country`.
pub(crate) fn tax_id(country: &str, text: &str) -> Option<(String, String)> {
    let number: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-'))
        .collect::<String>()
        .to_uppercase();
    let plausible =
        (5..=16).contains(&number.len()) && number.chars().all(|c| c.is_ascii_alphanumeric());
    if !plausible {
        return None;
    }
    if EUROPEAN.contains(&country) {
        let prefix = if country == "GR" { "EL" } else { country };
        return number
            .starts_with(prefix)
            .then(|| (number, "eu_vat".to_owned()));
    }
    let kind = match country {
        "US" => "us_ein",
        "GB" => "gb_vat",
        "CH" => "ch_vat",
        "NO" => "no_vat",
        "CA" => "ca_bn",
        "AU" => "au_abn",
        "NZ" => "nz_gst",
        "IN" => "in_gst",
        "JP" => "jp_cn",
        "SG" => "sg_uen",
        "BR" => "br_cnpj",
        "MX" => "mx_rfc",
        _ => return Some((number, format!("{}_tin", country.to_lowercase()))),
    };
    Some((number, kind.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_must_fit_its_country() {
        let pair = |number: &str, kind: &str| Some((number.to_owned(), kind.to_owned()));
        assert_eq!(
            tax_id("FR", "FR 61954506077"),
            pair("FR61954506077", "eu_vat")
        );
        assert_eq!(tax_id("GR", "EL123456789"), pair("EL123456789", "eu_vat"));
        assert_eq!(tax_id("US", "12-3456789"), pair("123456789", "us_ein"));
        assert_eq!(tax_id("DE", "FR61954506077"), None);
        assert_eq!(tax_id("FR", "??"), None);
    }
}

//! States and provinces, which tax depends on in two countries.

use serde_json::{Map, Value};

const STATES: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT \
    NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR UM VI \
    AA AE AP";
const PROVINCES: &str = "AB BC MB NB NL NS NT NU ON PE QC SK YT";

/// Writes the state of an address as ISO 3166-2 has it: `NY` becomes `US-NY`. Other countries have
/// whatever they like.
pub(super) fn put_right(address: &mut Map<String, Value>) -> Result<(), &'static str> {
    let text = |field: &str| address.get(field).and_then(Value::as_str);
    let (Some(country), Some(state)) = (text("country"), text("state")) else {
        return Ok(());
    };
    let (known, problem) = match country {
        "US" => (STATES, "Invalid US state"),
        "CA" => (PROVINCES, "Invalid CA subdivision"),
        _ => return Ok(()),
    };
    let upper = state.trim().to_uppercase();
    let bare = upper
        .strip_prefix(country)
        .and_then(|rest| rest.strip_prefix('-'));
    let bare = bare.unwrap_or(&upper);
    if !known.split_whitespace().any(|word| word == bare) {
        return Err(problem);
    }
    let full = format!("{country}-{bare}");
    address.insert("state".to_owned(), full.into());
    Ok(())
}

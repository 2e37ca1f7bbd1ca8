//! Money, time, secrets, three-state fields, pages.

use polarkit_model::{
    Money, Page, Patch, Quantity, Secret, Timestamp, UnitPrice,
    read::{self, ReadError},
    wire_time,
};
use serde::Serialize;
use serde_json::json;

#[test]
fn money_of_two_currencies_is_never_added() {
    let (dollars, yen) = (Money::new(1_050, "usd"), Money::new(1_050, "JPY"));
    assert_eq!(dollars.checked_add(&yen), None);
    assert_eq!(
        dollars.checked_add(&dollars),
        Some(Money::new(2_100, "usd"))
    );
    assert_eq!(dollars.checked_add(&Money::new(i64::MAX, "usd")), None);
}

#[test]
fn money_is_shown_in_the_units_people_use() {
    assert_eq!(Money::new(-1_005, "usd").to_string(), "-10.05 USD");
    assert_eq!(Money::new(1_050, "jpy").to_string(), "1050 JPY");
}

#[test]
fn a_time_is_written_with_six_decimals_or_none() {
    let time = |text: &str| wire_time(text.parse::<Timestamp>().unwrap());
    assert_eq!(
        time("2025-02-03T13:37:00.1234Z"),
        "2025-02-03T13:37:00.123400Z"
    );
    assert_eq!(time("2025-02-03T14:37:00+01:00"), "2025-02-03T13:37:00Z");
    assert_eq!(
        time("1969-12-31T23:59:59.5Z"),
        "1969-12-31T23:59:59.500000Z"
    );
}

#[test]
fn a_secret_is_not_printed() {
    let secret = Secret::from("whsec_hidden");
    assert!(!format!("{secret:?}").contains("hidden"));
    assert_eq!(secret, Secret::from("whsec_hidden"));
    assert_ne!(secret, Secret::from("whsec_hiddem"));
    assert_eq!(serde_json::to_value(&secret).unwrap(), "whsec_hidden");
}

#[test]
fn a_patch_has_three_states() {
    #[derive(Default, Serialize)]
    struct Update {
        #[serde(skip_serializing_if = "Patch::is_absent")]
        name: Patch<String>,
    }
    let sent = |name| serde_json::to_string(&Update { name }).unwrap();
    assert_eq!(sent(Patch::Absent), "{}");
    assert_eq!(sent(Patch::Null), r#"{"name":null}"#);
    assert_eq!(sent("Ada".into()), r#"{"name":"Ada"}"#);
    assert_eq!(sent(None.into()), r#"{"name":null}"#);
}

#[test]
fn decimals_keep_their_wire_form() {
    let quantity: Quantity = serde_json::from_str("10").unwrap();
    assert_eq!(serde_json::to_string(&quantity).unwrap(), "10.0");
    let price: UnitPrice = serde_json::from_str(r#""0.000000000125""#).unwrap();
    assert_eq!(
        serde_json::to_string(&price).unwrap(),
        r#""0.000000000125""#
    );
    let small: Quantity = serde_json::from_str("1e-7").unwrap();
    assert_eq!(small.to_string(), "0.0000001");
}

#[test]
fn a_failed_reading_names_the_field_and_hides_the_value() {
    let json = json!({"items": [1, "two"], "pagination": {"total_count": 2, "max_page": 1}});
    let error: ReadError = read::from_slice::<Page<i64>>(json.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.path(), "items[1]");
    assert!(!error.to_string().contains("two"));
}

#[test]
fn a_missing_list_is_empty_but_a_missing_count_is_an_error() {
    let page: Page<i64> =
        read::from_slice(br#"{"pagination":{"total_count":0,"max_page":0}}"#).unwrap();
    assert!(page.items.is_empty());
    let error = read::from_slice::<Page<i64>>(br#"{"pagination":{"max_page":0}}"#).unwrap_err();
    assert_eq!(error.to_string(), "missing at `pagination.total_count`");
}

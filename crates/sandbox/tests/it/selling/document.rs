//! Invoices and receipts that can be opened.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, client, id};

const EMAIL: &str = "ada@example.com";

#[tokio::test]
async fn an_invoice_and_a_receipt_are_documents_with_their_numbers_on_them() {
    let stall = Stall::open().await;
    let product = stall.product(2900, None, Value::Null).await;
    let checkout = stall.checkout(&product, EMAIL, Value::Null).await;
    let body = json!({"customer_billing_name": "Ada (Ltd)", "customer_billing_address": {"country": "DE"}});
    stall
        .buyer(Method::PATCH, &client(&checkout, ""), body)
        .await;
    stall.confirm(&checkout, "pm_card_visa").await;
    stall.settle().await;
    let order = stall.items("/v1/orders/").await[0].clone();
    let path = format!("/v1/orders/{}", id(&order));
    stall.post(&format!("{path}/invoice"), Value::Null).await;
    stall.settle().await;
    let order = stall.call(Method::GET, &path, Value::Null).await;
    for (kind, number) in [("invoice", "invoice_number"), ("receipt", "receipt_number")] {
        let answer = stall
            .call(Method::GET, &format!("{path}/{kind}"), Value::Null)
            .await;
        let url = answer["url"].as_str().unwrap_or_default().to_owned();
        let document = reqwest::get(&url).await.unwrap();
        assert_eq!(document.headers()["content-type"], "application/pdf");
        let bytes = document.bytes().await.unwrap();
        assert!(bytes.starts_with(b"%PDF-1.4"), "{kind}");
        let text = String::from_utf8_lossy(&bytes);
        let number = order[number].as_str().unwrap_or_default();
        for wanted in [number, "Ada \\(Ltd\\)", EMAIL, "$29.00", "$24.37", "$4.63"] {
            assert!(text.contains(wanted), "{kind} without {wanted}");
        }
    }
    let url = format!("{}/files/{}/Invoice-X.pdf", stall.sandbox.url, id(&order));
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 404);
}

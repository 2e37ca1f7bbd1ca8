//! The sandbox's pages in a real browser: checkout, confirmation, portal.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::http::Api;
use crate::process::{Running, folder};

const PAYS: &str = "4242424242424242";
const NEEDS_3DS: &str = "4000002500003155";
const POOR: &str = "4000000000009995";

/// A sandbox, a browser beside it, and the seller's key.
struct Shop {
    browser: Browser,
    api: Api,
    sandbox: Running,
    _folder: TempDir,
}

#[tokio::test]
async fn a_subscription_is_bought_then_cancelled_and_kept_in_the_portal() {
    let shop = Shop::open(1440, 900).await;
    let browser = &shop.browser;
    let checkout = shop.checkout("Pro").await;
    shop.fill_in(PAYS).await;
    browser.find("#pay").await.click().await;
    browser.wait_for_text("#thank-you", "Thank you").await;
    assert_eq!(shop.status(&checkout).await, "succeeded");

    browser.find("#portal").await.click().await;
    browser.wait_for_text("[data-subscription]", "Active").await;
    browser.wait_for_text("#orders", "Paid").await;
    browser.wait_for_text(".license-key", "-").await;
    let address = browser.url().await;
    assert!(!address.contains("polar_"), "a token stays in {address}");

    browser
        .find("[aria-label='Cancel Pro']")
        .await
        .click()
        .await;
    browser.find("#cancel-yes").await.click().await;
    browser
        .wait_for_text("[data-subscription]", "Ends soon")
        .await;
    assert_eq!(shop.subscription().await["cancel_at_period_end"], true);
    let keep = "[aria-label='Keep the subscription Pro']";
    browser.find(keep).await.click().await;
    browser.wait_for_text("[data-subscription]", "Active").await;
    assert_eq!(shop.subscription().await["cancel_at_period_end"], false);
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn a_refused_card_is_explained_and_another_one_pays_on_the_same_page() {
    let shop = Shop::open(360, 740).await;
    let browser = &shop.browser;
    let checkout = shop.checkout("Handbook").await;
    shop.fill_in(POOR).await;
    browser.find("#pay").await.click().await;
    browser
        .wait_for_text("#message", "insufficient funds")
        .await;
    assert_eq!(shop.status(&checkout).await, "open");
    assert_eq!(shop.value("#email").await, "ada@example.com");
    assert_eq!(shop.value("#card-cvc").await, "123");
    shop.fits_its_window().await;

    browser.find("#card-number").await.fill(PAYS).await;
    browser.find("#pay").await.click().await;
    browser.wait_for_text("#thank-you", "Thank you").await;
    shop.fits_its_window().await;
}

#[tokio::test]
async fn a_failed_authentication_opens_the_checkout_again_and_a_passed_one_pays() {
    let shop = Shop::open(1440, 900).await;
    let browser = &shop.browser;
    let checkout = shop.checkout("Handbook").await;
    shop.fill_in(NEEDS_3DS).await;
    browser.find("#pay").await.click().await;
    browser.find("#challenge-fail").await.click().await;
    browser.wait_for_text("#message", "not been charged").await;
    assert_eq!(shop.status(&checkout).await, "open");

    browser.find("#pay").await.click().await;
    browser.find("#challenge-complete").await.click().await;
    browser.wait_for_text("#thank-you", "Thank you").await;
    assert_eq!(shop.status(&checkout).await, "succeeded");
}

#[tokio::test]
async fn a_buyer_reaches_the_seller_s_page_once_the_seller_knows() {
    let shop = Shop::open(1440, 900).await;
    // The same machine by another name is another site.
    let elsewhere = shop.sandbox.sandbox().replace("127.0.0.1", "localhost");
    let thanks = format!("{elsewhere}/healthz?checkout={{CHECKOUT_ID}}");
    let wish = json!({"success_url": thanks});
    let checkout = shop.checkout_with("Handbook", wish.clone()).await;
    shop.fill_in(PAYS).await;
    shop.browser.find("#pay").await.click().await;
    let id = checkout["id"].as_str().unwrap();
    let there = format!("{elsewhere}/healthz?checkout={id}&customer_session_token=polar_");
    shop.browser.wait_for_url(&there).await;

    // Nobody takes this seller's webhooks: the buyer is kept, as at Polar.
    let hook =
        json!({"url": "http://127.0.0.1:9/", "format": "raw", "events": ["checkout.updated"]});
    shop.api.post("/v1/webhooks/endpoints", hook).await.ok();
    let checkout = shop.checkout_with("Handbook", wish).await;
    shop.fill_in(PAYS).await;
    shop.browser.find("#pay").await.click().await;
    shop.browser.wait_for_text("#thank-you", "Thank you").await;
    let here = shop.sandbox.sandbox();
    assert!(shop.browser.url().await.starts_with(here));
    assert_eq!(shop.status(&checkout).await, "succeeded");
}

#[tokio::test]
async fn a_refused_amount_is_never_replaced_by_another_one() {
    let shop = Shop::open(1440, 900).await;
    let browser = &shop.browser;
    let price = json!({"amount_type": "custom", "minimum_amount": 300, "preset_amount": 700});
    let jar = json!({"name": "Tip jar", "prices": [price]});
    shop.api.post("/v1/products/", jar).await.ok();
    let checkout = shop.checkout("Tip jar").await;
    shop.fill_in(PAYS).await;
    browser.find("#amount").await.fill("1").await;
    browser.find("#pay").await.click().await;
    browser
        .wait_for_text("#amount-note", "At least $3.00")
        .await;
    assert_eq!(shop.status(&checkout).await, "open");

    browser.find("#amount").await.fill("12.34").await;
    browser.find("#email").await.click().await;
    browser.wait_for_text("#pay", "$12.34").await;
    browser.find("#pay").await.click().await;
    browser.wait_for_text("#paid", "$12.34").await;
}

#[tokio::test]
async fn the_total_follows_the_discount_and_the_country() {
    let shop = Shop::open(1440, 900).await;
    let browser = &shop.browser;
    let spring = json!({"name": "Spring", "code": "SPRING", "type": "percentage", "basis_points": 5000, "duration": "once"});
    shop.api.post("/v1/discounts/", spring).await.ok();
    shop.checkout("Handbook").await;
    browser.wait_for_text("#total", "$29.00").await;
    browser.find("#discount-code").await.fill("winter").await;
    browser.find("#discount-apply").await.click().await;
    browser
        .wait_for_text("#discount-code-note", "does not exist")
        .await;
    browser.find("#discount-code").await.fill("spring").await;
    browser.find("#discount-apply").await.click().await;
    browser.wait_for_text("#total", "$14.50").await;
    browser
        .wait_for_text("#tax", "Depends on your country")
        .await;
    browser
        .find("#country option[value='US']")
        .await
        .click()
        .await;
    browser.wait_for_text("#tax", "$0.00").await;
    browser
        .find("#state option[value='US-CA']")
        .await
        .click()
        .await;
    browser.find("#discount-remove").await.click().await;
    browser.wait_for_text("#total", "$29.00").await;
}

#[tokio::test]
async fn amounts_are_exact_in_every_currency() {
    let shop = Shop::open(1440, 900).await;
    let module = format!("{}/assets/money.js", shop.sandbox.sandbox());
    let script = "const { format, formatUnit, parse } = await import(arguments[0]); return [ \
        format(2900, 'usd'), format(99999999, 'usd'), format(5, 'eur'), format(500, 'jpy'), \
        formatUnit('0.5', 'usd'), formatUnit('0.000000000001', 'usd'), \
        parse('29', 'usd'), parse('29,50', 'usd'), parse('500', 'jpy'), \
        parse('29.555', 'usd'), parse('1,000', 'usd'), parse('-1', 'usd'), parse('5.5', 'jpy')]";
    shop.browser.visit(shop.sandbox.sandbox()).await;
    let written = shop.browser.script(script, json!([module])).await;
    let texts = [
        "$29.00",
        "$999,999.99",
        "€0.05",
        "¥500",
        "$0.005",
        "$0.00000000000001",
    ];
    let numbers = [
        json!(2900),
        json!(2950),
        json!(500),
        json!(null),
        json!(null),
        json!(null),
        json!(null),
    ];
    let expected: Vec<_> = texts.map(Value::from).into_iter().chain(numbers).collect();
    assert_eq!(written, Value::from(expected));
}

#[tokio::test]
async fn a_page_without_its_checkout_or_session_says_so() {
    let shop = Shop::open(360, 740).await;
    let browser = &shop.browser;
    let base = shop.sandbox.sandbox();
    browser
        .visit(&format!("{base}/checkout/polar_c_unknown"))
        .await;
    browser.wait_for_text("#notice", "no such checkout").await;
    browser.visit(&format!("{base}/acme/portal")).await;
    browser.wait_for_text("#notice", "session has ended").await;
    let stale = format!("{base}/acme/portal?customer_session_token=polar_cst_stale");
    browser.visit(&stale).await;
    browser.wait_for_text("#notice", "session has ended").await;
    browser.visit(&format!("{base}/nobody/portal")).await;
    browser.wait_for_text("#notice", "no such shop").await;
    shop.fits_its_window().await;
}

impl Shop {
    async fn open(width: u32, height: u32) -> Self {
        let folder = folder();
        let sandbox = Running::start(&folder, &["sandbox", "--port", "0"], &[]).await;
        let base = sandbox.sandbox();
        let credentials = Api::new(base, None).get("/sandbox/credentials").await.ok();
        Self {
            browser: Browser::open(width, height).await,
            api: Api::new(base, credentials["access_token"].as_str()),
            sandbox,
            _folder: folder,
        }
    }

    /// Opens a checkout for the product called so, in the browser too.
    async fn checkout(&self, name: &str) -> Value {
        self.checkout_with(name, json!({})).await
    }

    /// The same, with more fields.
    async fn checkout_with(&self, name: &str, mut asked: Value) -> Value {
        let products = self.api.get("/v1/products/?limit=100").await.ok();
        let items = products["items"].as_array().unwrap();
        let product = items.iter().find(|item| item["name"] == name).unwrap();
        asked["products"] = json!([product["id"]]);
        let checkout = self.api.post("/v1/checkouts/", asked).await.ok();
        self.browser.visit(checkout["url"].as_str().unwrap()).await;
        self.browser.wait_for_text("#product-name", name).await;
        checkout
    }

    async fn fill_in(&self, card: &str) {
        let inputs = [
            ("#email", "ada@example.com"),
            ("#name", "Ada Lovelace"),
            ("#card-number", card),
            ("#card-expiry", "1234"),
            ("#card-cvc", "123"),
        ];
        for (selector, text) in inputs {
            self.browser.find(selector).await.fill(text).await;
        }
        let country = self.browser.find("#country option[value='FR']").await;
        country.click().await;
    }

    async fn status(&self, checkout: &Value) -> Value {
        let id = checkout["id"].as_str().unwrap();
        let path = format!("/v1/checkouts/{id}");
        self.api.get(&path).await.ok()["status"].take()
    }

    async fn subscription(&self) -> Value {
        let mut all = self.api.get("/v1/subscriptions/").await.ok();
        all["items"][0].take()
    }

    async fn value(&self, selector: &str) -> Value {
        let script = "return document.querySelector(arguments[0]).value";
        self.browser.script(script, json!([selector])).await
    }

    /// Nothing sticks out to the side.
    async fn fits_its_window(&self) {
        let script = "return document.documentElement.scrollWidth <= innerWidth";
        assert_eq!(self.browser.script(script, json!([])).await, true);
    }
}

//! A newcomer's minute in a real browser: the shop, the checkout, a test card, and access that shows by itself.

use serde_json::json;

use crate::browser::Browser;
use crate::patience::eventually;
use crate::process::{Running, folder};

const PAYS: &str = "4242424242424242";
const DECLINED: &str = "4000000000000002";

#[tokio::test]
async fn a_purchase_shows_as_access_without_a_reload() {
    let folder = folder();
    let dev = dev(&folder).await;
    let browser = Browser::open(1440, 1000).await;
    let shop = format!("{}/shop", dev.gateway());
    open_checkout(&browser, &shop).await;
    pay_with(&browser, PAYS).await;
    browser.wait_for_url(&shop).await;
    browser
        .wait_for_text("#notice", "your access is live")
        .await;
    browser.wait_for_text("#access", "Pro").await;
    assert_eq!(browser.complaints().await, [""; 0]);

    validate_the_licence(&browser).await;
    spend_units(&browser).await;
    skip_a_month(&browser).await;
    browser.picture("shop.png").await;

    browser.find("#portal").await.click().await;
    browser.wait_for_url(dev.sandbox()).await;
    browser.wait_for_text("[data-subscription]", "Active").await;
}

#[tokio::test]
async fn a_declined_card_says_so_and_the_checkout_stays_open() {
    let folder = folder();
    let dev = dev(&folder).await;
    let browser = Browser::open(360, 740).await;
    open_checkout(&browser, &format!("{}/shop", dev.gateway())).await;
    pay_with(&browser, DECLINED).await;
    browser.wait_for_text("#message", "declined").await;
    browser.picture("declined.png").await;
    let address = browser.url().await;
    assert!(
        address.starts_with(&format!("{}/checkout/", dev.sandbox())),
        "{address}"
    );

    // The same session takes a better card.
    browser.find("#card-number").await.fill(PAYS).await;
    browser.find("#pay").await.click().await;
    browser.wait_for_url(dev.gateway()).await;
    browser.wait_for_text("#access", "Pro").await;
}

async fn dev(folder: &tempfile::TempDir) -> Running {
    Running::start(folder, &["dev", "--port", "0", "--sandbox-port", "0"], &[]).await
}

async fn open_checkout(browser: &Browser, shop: &str) {
    browser.visit(shop).await;
    browser.wait_for_text("#access", "Nothing yet").await;
    browser.find("[aria-label='Buy Pro']").await.click().await;
    browser.wait_for_text("#product-name", "Pro").await;
}

async fn pay_with(browser: &Browser, card: &str) {
    browser.find("#email").await.fill("ada@example.com").await;
    browser.find("#card-number").await.fill(card).await;
    browser.find("#card-expiry").await.fill("1234").await;
    browser.find("#card-cvc").await.fill("123").await;
    browser
        .find("#country option[value='AT']")
        .await
        .click()
        .await;
    browser.find("#pay").await.click().await;
}

async fn validate_the_licence(browser: &Browser) {
    let key = browser.find("#access .key").await.text().await;
    browser.find("#key").await.fill(&key).await;
    browser.find("#license button").await.click().await;
    browser.wait_for_text("#license-answer", "valid").await;
    browser.find("#key").await.fill("NOT-A-KEY").await;
    browser.find("#license button").await.click().await;
    browser.wait_for_text("#license-answer", "not").await;
}

async fn spend_units(browser: &Browser) {
    browser.find("#units").await.fill("7").await;
    browser.find("#use button").await.click().await;
    browser.wait_for_text("#notice", "7 units spent").await;
    browser.wait_for_text("#balances", "7 to pay for").await;
    let wide = browser
        .script(
            "return document.documentElement.scrollWidth <= innerWidth",
            json!([]),
        )
        .await;
    assert_eq!(wide, true, "the page fits its window");
}

async fn skip_a_month(browser: &Browser) {
    let before = browser.find("#access").await.text().await;
    assert!(before.contains("Renews on"), "{before}");
    browser.find("#month").await.click().await;
    browser.wait_for_text("#notice", "A month has passed").await;
    eventually("the renewal in my access", async || {
        let after = browser.find("#access").await.text().await;
        (after.contains("Renews on") && after != before).then_some(())
    })
    .await;
}

//! The pages are there, complete, and locked down; what they do is a browser's story.

use crate::running::Running;

const PAGES: [&str; 3] = [
    "/checkout/polar_c_unknown",
    "/checkout/polar_c_unknown/confirmation",
    "/acme/portal",
];

#[tokio::test]
async fn a_page_allows_nothing_inline_nothing_foreign_and_no_frame() {
    let sandbox = Running::start().await;
    for page in PAGES {
        let answer = sandbox.get(page).await;
        assert_eq!(answer.status(), 200, "{page}");
        let headers = answer.headers().clone();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cache-control"], "no-store");
        let html = answer.text().await.unwrap();
        assert!(!html.contains("<script>"), "{page} has an inline script");
        assert!(!html.contains("style=\""), "{page} has an inline style");
        assert!(!html.contains("://"), "{page} speaks of another host");
    }
}

#[tokio::test]
async fn a_checkout_opened_to_be_embedded_may_be_framed_by_that_shop_alone() {
    let sandbox = Running::start().await;
    let address = "/checkout/polar_c_x?embed=true&embed_origin=https%3A%2F%2Fshop.example";
    let answer = sandbox.get(address).await;
    let policy = answer.headers()["content-security-policy"].to_str();
    assert!(
        policy
            .unwrap()
            .ends_with("frame-ancestors https://shop.example")
    );
}

#[tokio::test]
async fn every_asset_that_a_page_or_a_module_names_is_served() {
    let sandbox = Running::start().await;
    let mut wanted = Vec::new();
    for page in PAGES {
        let html = sandbox.get(page).await.text().await.unwrap();
        wanted.extend(quoted(&html, "/assets/"));
    }
    let mut seen = Vec::new();
    while let Some(name) = wanted.pop() {
        if seen.contains(&name) {
            continue;
        }
        let answer = sandbox.get(&format!("/assets/{name}")).await;
        assert_eq!(answer.status(), 200, "{name}");
        let media = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        let text = answer.text().await.unwrap();
        if media.starts_with("text/javascript") {
            wanted.extend(quoted(&text, "from \"./"));
        }
        seen.push(name);
    }
    assert!(seen.len() > 15, "too few to be all: {seen:?}");
}

#[tokio::test]
async fn an_unknown_asset_is_not_found() {
    let sandbox = Running::start().await;
    assert_eq!(sandbox.get("/assets/nothing.js").await.status(), 404);
}

/// What stands between `opening` and the next quotation mark, each time.
fn quoted(text: &str, opening: &str) -> impl Iterator<Item = String> {
    let parts = text.split(opening).skip(1);
    let names = parts.filter_map(|rest| rest.split('"').next());
    names.map(str::to_owned).collect::<Vec<_>>().into_iter()
}

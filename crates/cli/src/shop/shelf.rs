//! What is for sale: Polar's own catalogue, asked anew for every visitor, in words for the page.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::backend::Backend;
use super::exchange::{Answer, Refusal};
use super::words;

/// A product, as far as the shop shows it.
#[derive(Debug, Deserialize)]
pub(super) struct Product {
    pub(super) id: String,
    pub(super) name: String,
    description: Option<String>,
    recurring_interval: Option<String>,
    prices: Vec<Price>,
    pub(super) benefits: Vec<Benefit>,
}

/// A price. Kinds the shop has never heard of show as "see the checkout".
#[derive(Debug, Deserialize)]
#[serde(tag = "amount_type", rename_all = "snake_case")]
enum Price {
    Free,
    Fixed {
        price_amount: i64,
        price_currency: String,
    },
    MeteredUnit {
        unit_amount: String,
        price_currency: String,
        meter: Meter,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Meter {
    name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Benefit {
    pub(super) id: String,
    description: String,
}

/// A product on the page.
#[derive(Debug, Serialize)]
struct Card {
    id: String,
    name: String,
    description: Option<String>,
    price: String,
    per: String,
    benefits: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Shelf {
    products: Vec<Card>,
}

pub(super) async fn products(State(backend): State<Backend>) -> Result<Answer<Shelf>, Refusal> {
    let catalogue = fetch(&backend).await?;
    let products = catalogue.iter().map(Card::from).collect();
    Ok(Answer(Shelf { products }))
}

/// The catalogue from Polar; kept, so that names need not be asked for again.
pub(super) async fn fetch(backend: &Backend) -> Result<Arc<[Product]>, Refusal> {
    #[derive(Deserialize)]
    struct Page {
        items: Vec<Product>,
    }
    let broken = |cause: &dyn std::fmt::Display| Refusal::upstream("Polar", cause);
    let list = backend
        .polar()
        .raw("/v1/products/")
        .query("is_archived", false)
        .query("limit", 100);
    let page = list
        .query("sorting", "created_at")
        .await
        .map_err(|error| broken(&error))?;
    let page: Page = serde_json::from_value(page).map_err(|error| broken(&error))?;
    let catalogue: Arc<[Product]> = page.items.into();
    backend.keep(&catalogue);
    Ok(catalogue)
}

impl From<&Product> for Card {
    fn from(product: &Product) -> Self {
        let (price, per) = product.price();
        Self {
            id: product.id.clone(),
            name: product.name.clone(),
            description: product.description.clone(),
            price,
            per,
            benefits: product
                .benefits
                .iter()
                .map(|benefit| benefit.description.clone())
                .collect(),
        }
    }
}

impl Product {
    /// The first price, and what it is for.
    fn price(&self) -> (String, String) {
        let often = self.recurring_interval.as_deref();
        match self.prices.first() {
            Some(
                Price::Free
                | Price::Fixed {
                    price_amount: 0, ..
                },
            ) => ("Free".to_owned(), String::new()),
            Some(Price::Fixed {
                price_amount,
                price_currency,
            }) => {
                let per = often.map_or("once".to_owned(), |interval| format!("a {interval}"));
                (words::money(*price_amount, price_currency), per)
            }
            Some(Price::MeteredUnit {
                unit_amount,
                price_currency,
                meter,
            }) => (
                words::unit_price(unit_amount, price_currency),
                format!(
                    "a unit of {}, billed every {}",
                    meter.name,
                    often.unwrap_or("month")
                ),
            ),
            Some(Price::Other) | None => ("At the checkout".to_owned(), String::new()),
        }
    }
}

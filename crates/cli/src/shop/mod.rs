//! The demo shop: what an app beside the gateway looks like, in one page. Its browser talks to it alone;
//! it talks to the gateway's HTTP API with a server key, as an app in any language would.

mod account;
mod asset;
mod backend;
mod exchange;
mod purchase;
mod shelf;
mod words;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use backend::Backend;

/// Who is signed in: the shop's own user id, which Polar calls the external customer id.
const USER: &str = "demo_user";

/// Everything under `/shop`.
pub(crate) fn router(backend: Backend) -> Router {
    let api = Router::new()
        .route("/products", get(shelf::products))
        .route("/account", get(account::show))
        .route("/buy", post(purchase::buy))
        .route("/use", post(account::spend))
        .route("/license", post(account::validate))
        .route("/portal", post(purchase::portal))
        .route("/month", post(account::skip_month))
        .with_state(backend);
    Router::new().nest("/shop/api", api).merge(asset::router())
}

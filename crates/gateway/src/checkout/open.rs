//! Opening a checkout at Polar.

use super::repeat::{self, one_for_all};
use super::{Opened, Order, Origin};
use crate::config::Environment;
use crate::customer::{self, Verdict};
use crate::gateway::Gateway;
use crate::problem::Problem;
use crate::upstream::Failure;

/// The guide's own words before every reason.
const WORDS: &str = "Error creando checkout: ";

/// Opens a checkout, or gives the one that was opened for the same wish and is still open.
pub(crate) async fn open(gateway: &Gateway, order: Order) -> Result<Opened, Problem> {
    let flights = &gateway.checkouts.opening;
    let own = gateway.clone();
    let outcome = match repeat::request(gateway, &order) {
        Some(request) => {
            let key = request.key.clone();
            let work = || async move { one_for_all(&own, request, &order).await };
            flights.together(&key, work).await?
        }
        None => {
            flights
                .alone(async move { create(&own, &order).await })
                .await?
        }
    };
    gateway.metrics.checkout(match outcome.origin {
        Origin::New => "created",
        Origin::Reused | Origin::Replayed => "reused",
    });
    Ok(outcome)
}

/// Creates a checkout for whom it says; who is new to the application may name nobody else's e-mail.
pub(super) async fn create(gateway: &Gateway, order: &Order) -> Result<Opened, Problem> {
    let Some(newcomer) = order.newcomer() else {
        return made(gateway, order).await;
    };
    let external_id = newcomer.external_id;
    let known = gateway.store.customer_by_external_id(external_id).await?;
    if known.is_some() {
        return made(gateway, order).await;
    }
    // At the same time, because hardly anyone is somebody else, and everyone waits. What was opened
    // for one who is, nobody hears of.
    let verdict = Box::pin(customer::settle(gateway, newcomer));
    let (verdict, opened) = tokio::join!(verdict, Box::pin(made(gateway, order)));
    match verdict? {
        Verdict::Nobodys => opened,
        Verdict::Linked => made(gateway, order).await,
        Verdict::LeftOut => made(gateway, &order.without_email()).await,
    }
}

/// Creates a checkout at Polar.
async fn made(gateway: &Gateway, order: &Order) -> Result<Opened, Problem> {
    let made = gateway.polar.create_checkout(order).await;
    let (checkout_id, checkout_url) =
        made.map_err(|failure| refused(&failure, gateway.config.products.environment()))?;
    tracing::info!(id = %checkout_id, "checkout created");
    Ok(Opened {
        checkout_id,
        checkout_url,
        status: "created".to_owned(),
        origin: Origin::New,
    })
}

/// Polar's ids mean nothing outside their environment and organization, and Polar doesn't say which
/// of the two it was.
fn refused(failure: &Failure, here: Environment) -> Problem {
    let problem = Problem::from(failure);
    let about_the_product = matches!(failure, Failure::Refused { fields }
        if fields.iter().any(|field| field.starts_with("products")));
    if !about_the_product {
        return problem.after(WORDS);
    }
    let words = format!(
        "products: this organization sells no product of this id on {here}. It may be archived or a \
         draft, or belong to another organization or environment"
    );
    problem.saying(words).after(WORDS)
}

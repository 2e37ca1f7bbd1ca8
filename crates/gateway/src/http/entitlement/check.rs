//! `GET /api/entitlements/{external_id}/check`: one question, one answer.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SCOPE;
use super::age::Age;
use crate::entitlement::standing::Standing;
use crate::entitlement::verdict::{Verdict, by_feature, by_meter, by_seat, by_target};
use crate::gateway::Gateway;
use crate::http::body::{Reply, Search};
use crate::http::caller::Caller;
use crate::problem::{Problem, Shape};
use crate::usage::balance;

/// One question, about exactly one thing.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(in crate::http) struct Question {
    /// Polar's id of a product.
    product: Option<String>,
    /// Polar's id of a benefit.
    benefit: Option<String>,
    /// A feature: a key of a feature flag's metadata, or the flag's description.
    feature: Option<String>,
    /// A meter, by Polar's id or by name: allowed while something is left.
    meter: Option<String>,
    /// A product sold by seats, by Polar's id or by its name in `POLARKIT_PRODUCTS`: allowed while
    /// a seat of it is claimed, and what it was bought with gives access.
    seat: Option<String>,
    /// With `seat`: the member of the customer it is about, by Polar's id or the application's;
    /// without it any member's seat will do.
    member: Option<String>,
}

/// The one thing that is asked about.
enum About<'a> {
    Product(&'a str),
    Benefit(&'a str),
    Feature(&'a str),
    Meter(&'a str),
    Seat {
        product: String,
        member: Option<&'a str>,
    },
}

/// The answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Answer {
    allowed: bool,
    /// Why, in a word.
    reason: String,
    /// The feature's value, or what the meter has left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    value: Option<Value>,
    #[serde(flatten)]
    age: Age,
}

/// Answers whether a customer may use one thing.
#[utoipa::path(
    get,
    path = "/api/entitlements/{external_id}/check",
    tag = "entitlements",
    params(("external_id" = String, Path, description = "The application's id of the customer"), Question),
    responses((status = 200, body = Answer), (status = 400, body = Shape), (status = 401, body = Shape), (status = 403, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn check(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(external_id): Path<String>,
    Search(question): Search<Question>,
) -> Result<Reply<Answer>, Problem> {
    caller.must_act_for(&external_id, SCOPE)?;
    let about = question.about(&gateway)?;
    let (mut verdict, mut age) = decide(&gateway, &external_id, &about).await?;
    if (age.stale || !verdict.allowed) && age.asked(&gateway, &external_id).await {
        (verdict, age) = decide(&gateway, &external_id, &about).await?;
    }
    if verdict.allowed && age.stale {
        (verdict.allowed, verdict.reason) = (false, "stale".to_owned());
    }
    Ok(Reply(Answer {
        allowed: verdict.allowed,
        reason: verdict.reason,
        value: verdict.value,
        age,
    }))
}

async fn decide(
    gateway: &Gateway,
    external_id: &str,
    about: &About<'_>,
) -> Result<(Verdict, Age), Problem> {
    let standing = gateway.view.of(external_id, gateway.time.local()).await?;
    let standing: &Standing = &standing;
    let now = gateway.time.now();
    let verdict = match about {
        About::Product(id) => by_target(standing, "product", id, now),
        About::Benefit(id) => by_target(standing, "benefit", id, now),
        About::Feature(name) => by_feature(standing, name, now),
        About::Meter(name) => by_meter(balance::left(gateway, external_id, name).await?),
        About::Seat { product, member } => by_seat(standing, product, *member, now),
    };
    Ok((verdict, Age::of(gateway, standing)))
}

impl Question {
    fn about(&self, gateway: &Gateway) -> Result<About<'_>, Problem> {
        let seat = self.seat.as_deref();
        let asked = [
            self.product.as_deref().map(About::Product),
            self.benefit.as_deref().map(About::Benefit),
            self.feature.as_deref().map(About::Feature),
            self.meter.as_deref().map(About::Meter),
            seat.map(|asked| self.of_seat(gateway, asked)).transpose()?,
        ];
        if self.member.is_some() && seat.is_none() {
            return Err(Problem::invalid("Only a seat is a member's: name both"));
        }
        let mut asked = asked.into_iter().flatten();
        match (asked.next(), asked.next()) {
            (Some(about), None) => Ok(about),
            _ => Err(Problem::invalid(
                "Ask about exactly one of product, benefit, feature, meter, seat",
            )),
        }
    }

    fn of_seat(&self, gateway: &Gateway, asked: &str) -> Result<About<'_>, Problem> {
        let product = gateway.config.products.find(asked);
        let product = product.map_err(|error| Problem::invalid(format!("seat: {error}")))?;
        Ok(About::Seat {
            product: product.to_string(),
            member: self.member.as_deref(),
        })
    }
}

//! The seat server's HTTP face: take, renew, give back.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use super::pool::{Held, Seats, Standing};
use crate::http::body::{Body, Reply};
use crate::http::request_id;
use crate::license::text;
use crate::problem::{Code, Problem};

/// A fingerprint, and JSON around it.
const BODY_BYTES_MAX: usize = 4 << 10;

/// Who wants a seat.
#[derive(Debug, Deserialize)]
struct Ask {
    /// Names the machine, or the user on it.
    fingerprint: String,
}

/// That it is done.
#[derive(Debug, Serialize)]
struct Returned {
    status: &'static str,
}

type Server = State<Arc<Seats>>;

pub(super) fn router(seats: Arc<Seats>) -> Router {
    Router::new()
        .route("/seats", get(standing).post(take))
        .route("/seats/{id}", post(renew).delete(give_back))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(named))
        .with_state(seats)
}

/// Each request has an id, by which the log knows it.
async fn named(request: Request, next: Next) -> Response {
    let id = request_id::of(&request);
    let mut response = request_id::within(&id, next.run(request)).await;
    request_id::show(&id, &mut response);
    response
}

async fn take(State(seats): Server, Body(ask): Body<Ask>) -> Result<Reply<Held>, Problem> {
    text("fingerprint", &ask.fingerprint)?;
    seats.take(&ask.fingerprint).await.map(Reply)
}

async fn renew(State(seats): Server, Path(id): Path<String>) -> Result<Reply<Held>, Problem> {
    seats.renew(&id).await.map(Reply)
}

async fn give_back(
    State(seats): Server,
    Path(id): Path<String>,
) -> Result<Reply<Returned>, Problem> {
    seats.give_back(&id).await?;
    let status = "returned";
    Ok(Reply(Returned { status }))
}

async fn standing(State(seats): Server) -> Result<Reply<Standing>, Problem> {
    seats.standing().await.map(Reply)
}

async fn nowhere() -> Problem {
    Problem::new(Code::NotFound, "There is no such route")
}

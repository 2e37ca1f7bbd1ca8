//! An app behind the metering proxy, and what Polar is told of those who use it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use polarkit_model::Clock as _;
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

use crate::world::{World, spawn, token};

/// An app, the proxy before it, the gateway beside it.
pub(crate) struct Metered {
    pub(crate) world: World,
    pub(crate) app: App,
}

/// A piece of an answer, or how it breaks off.
type Piece = Result<Bytes, std::io::Error>;

/// What the app of these tests saw, and how it is told to go on.
#[derive(Clone, Default)]
pub(crate) struct App {
    pub(crate) heard: Arc<Mutex<Vec<(String, HeaderMap)>>>,
    /// Pieces of `/live`, as the test gives them.
    live: Arc<Mutex<Option<mpsc::Receiver<Piece>>>>,
    /// `/live` was let go of.
    pub(crate) left: Arc<Notify>,
    /// Bytes that `/endless` has made.
    pub(crate) made: Arc<Mutex<usize>>,
    /// What a language model answers: its media type and its text.
    pub(crate) model: Arc<Mutex<(&'static str, &'static str)>>,
    /// What it was asked.
    pub(crate) asked: Arc<Mutex<Value>>,
}

impl Metered {
    pub(crate) async fn begin(further: &[(&str, &str)]) -> Self {
        let app = App::default();
        let url = serve(app.router()).await;
        let world =
            World::with(&[&[("POLARKIT_METER_UPSTREAM", url.as_str())], further].concat()).await;
        Self { world, app }
    }

    /// With rules, in a file.
    pub(crate) async fn ruled(rules: &str, further: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.toml");
        std::fs::write(&file, rules).unwrap();
        let file = file.to_str().unwrap();
        Self::begin(&[&[("POLARKIT_METER_RULES", file)], further].concat()).await
    }

    pub(crate) fn url(&self) -> &str {
        self.world.meter.as_deref().unwrap()
    }

    /// A call of nobody known.
    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.world
            .client()
            .request(method, format!("{}{path}", self.url()))
    }

    /// A call of a user.
    pub(crate) fn of(&self, user: &str, method: Method, path: &str) -> RequestBuilder {
        let ends = self.world.clock.now().as_second() + 600;
        let token = token(&json!({"sub": user, "exp": ends}));
        self.call(method, path).bearer_auth(token.expose_secret())
    }

    pub(crate) async fn get(&self, user: &str, path: &str) -> reqwest::Response {
        self.of(user, Method::GET, path).send().await.unwrap()
    }

    /// How many uses are durable here, or went to Polar.
    pub(crate) async fn durable(&self) -> i64 {
        let backlog = self.world.gateway.store().usage_backlog(0).await;
        backlog.unwrap().accepted
    }

    /// Waits until Polar has everything.
    pub(crate) async fn delivered(&self, count: usize) -> Vec<Value> {
        self.world
            .until(&format!("{count} uses are delivered"), async || {
                self.world.clock.advance(SignedDuration::from_secs(1));
                let waiting = self
                    .world
                    .gateway
                    .store()
                    .usage_backlog(0)
                    .await
                    .unwrap()
                    .pending;
                waiting == 0 && self.events().await.len() >= count
            })
            .await;
        let events = self.events().await;
        assert_eq!(events.len(), count, "{events:?}");
        events
    }

    async fn events(&self) -> Vec<Value> {
        let call = self
            .world
            .polar
            .raw("/v1/events/")
            .query("source", "user")
            .query("limit", 100);
        call.await.unwrap()["items"].as_array().unwrap().clone()
    }
}

/// Serves something on a port of its own.
pub(crate) async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    spawn(axum::serve(listener, app).into_future());
    url
}

impl App {
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route(
                "/api/hello/{name}",
                any(async |Path(name): Path<String>| format!("hi {name}")),
            )
            .route("/status/{code}", any(status))
            .route("/report", get(report))
            .route("/live", get(live))
            .route("/endless", get(endless))
            .route("/upload/{*name}", any(upload))
            .route(
                "/deaf",
                any(async |_kept: Request| std::future::pending::<()>().await),
            )
            .route("/v1/model", post(model))
            .layer(axum::middleware::from_fn_with_state(self.clone(), hear))
            .with_state(self.clone())
    }

    /// Pieces for `/live`; it ends when the sender is dropped.
    pub(crate) fn live(&self) -> mpsc::Sender<Piece> {
        let (give, take) = mpsc::channel(1);
        *self.live.lock().unwrap() = Some(take);
        give
    }

    /// What the app saw of its last request.
    pub(crate) fn last(&self) -> (String, HeaderMap) {
        self.heard.lock().unwrap().last().unwrap().clone()
    }
}

async fn hear(State(app): State<App>, request: Request, next: axum::middleware::Next) -> Response {
    let heard = (request.uri().to_string(), request.headers().clone());
    app.heard.lock().unwrap().push(heard);
    next.run(request).await
}

async fn status(Path(code): Path<u16>) -> Response {
    (StatusCode::from_u16(code).unwrap(), "so be it").into_response()
}

async fn report() -> Response {
    let headers = [
        ("x-polar-usage", "tokens=123, bytes=456"),
        ("connection", "x-inner"),
        ("x-inner", "1"),
    ];
    (headers, "told").into_response()
}

/// Tells when it is let go of.
struct Left(Arc<Notify>);

impl Drop for Left {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

async fn live(State(app): State<App>) -> Response {
    let pieces = app.live.lock().unwrap().take().unwrap();
    let left = Left(Arc::clone(&app.left));
    let pieces = stream::unfold((pieces, left), |(mut pieces, left)| async {
        Some((pieces.recv().await?, (pieces, left)))
    });
    (
        [("content-type", "text/event-stream")],
        Body::from_stream(pieces),
    )
        .into_response()
}

async fn endless(State(app): State<App>) -> Body {
    const PIECE: usize = 65_536;
    let piece = Bytes::from(vec![b'x'; PIECE]);
    Body::from_stream(stream::repeat(piece).map(move |piece| {
        *app.made.lock().unwrap() += PIECE;
        Ok::<_, std::convert::Infallible>(piece)
    }))
}

async fn upload(body: Body) -> String {
    let mut pieces = body.into_data_stream();
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await {
        bytes += piece.unwrap().len();
    }
    bytes.to_string()
}

async fn model(State(app): State<App>, body: Bytes) -> Response {
    *app.asked.lock().unwrap() = serde_json::from_slice(&body).unwrap_or_default();
    let (media, text) = *app.model.lock().unwrap();
    // In pieces that fit no boundary.
    let pieces = text
        .as_bytes()
        .chunks(7)
        .map(Ok::<_, std::convert::Infallible>);
    let body = Body::from_stream(stream::iter(pieces.collect::<Vec<_>>()));
    ([("content-type", media)], body).into_response()
}

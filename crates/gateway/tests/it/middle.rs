//! What lies between Polar and a gateway on a bad day: a proxy that loses, doubles, holds back and
//! forges webhooks, and answers the gateway's own calls with errors, by a seeded plan.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use reqwest::Client;
use tokio::net::TcpListener;

use crate::world::{client, pause, spawn};

/// Where webhooks come in.
pub(crate) const HOOK: &str = "/webhook/polar";
/// A call that is slow takes so long.
const SLOW: Duration = Duration::from_millis(150);

/// The proxy; its address is the gateway's Polar, and Polar's receiver.
pub(crate) struct Middle {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    polar: String,
    gateway: String,
    client: Client,
    chance: Mutex<u64>,
    calm: AtomicBool,
    /// No webhook gets through at all.
    down: AtomicBool,
    /// What the gateway may not read.
    forbidden: Mutex<Option<&'static str>>,
    held: Mutex<Vec<Letter>>,
    done: Mutex<BTreeMap<&'static str, usize>>,
}

/// A webhook on its way.
#[derive(Debug, Clone)]
struct Letter {
    headers: HeaderMap,
    body: Bytes,
}

impl Middle {
    /// Between this Polar and this gateway, quiet at first.
    pub(crate) async fn between(polar: &str, gateway: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            polar: polar.to_owned(),
            gateway: gateway.to_owned(),
            client: client(),
            chance: Mutex::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            calm: AtomicBool::new(true),
            down: AtomicBool::new(false),
            forbidden: Mutex::default(),
            held: Mutex::default(),
            done: Mutex::default(),
        });
        let app = Router::new()
            .fallback(carry)
            .with_state(Arc::clone(&shared));
        // Lives as long as the test's runtime.
        drop(spawn(async move { axum::serve(listener, app).await }));
        Self { url, shared }
    }

    /// The bad day begins, or ends.
    pub(crate) fn calm(&self, calm: bool) {
        self.shared.calm.store(calm, Ordering::Relaxed);
    }

    /// Whether no webhook gets through.
    pub(crate) fn down(&self, down: bool) {
        self.shared.down.store(down, Ordering::Relaxed);
    }

    /// The gateway's token may not read this list.
    pub(crate) fn forbid(&self, path: &'static str) {
        *self.shared.forbidden.lock().unwrap() = Some(path);
    }

    /// Lets go of what was held back, in any order; at most so many.
    pub(crate) async fn release(&self, most: usize) {
        for _ in 0..most {
            let letter = {
                let mut held = self.shared.held.lock().unwrap();
                let count = held.len();
                (count > 0).then(|| held.swap_remove(self.shared.below(count)))
            };
            let Some(letter) = letter else {
                return;
            };
            let answer = self.shared.forward(&letter).await;
            // After five minutes its signature is too old.
            assert!(matches!(answer.as_u16(), 200 | 403), "{answer}");
        }
    }

    /// What was done how often.
    pub(crate) fn done(&self) -> BTreeMap<&'static str, usize> {
        self.shared.done.lock().unwrap().clone()
    }
}

impl Shared {
    fn below(&self, bound: usize) -> usize {
        let mut chance = self.chance.lock().unwrap();
        *chance ^= *chance << 13;
        *chance ^= *chance >> 7;
        *chance ^= *chance << 17;
        usize::try_from(*chance % u64::try_from(bound).unwrap()).unwrap()
    }

    fn note(&self, what: &'static str) {
        *self.done.lock().unwrap().entry(what).or_default() += 1;
    }

    /// Brings a webhook; what the gateway answers.
    async fn forward(&self, letter: &Letter) -> StatusCode {
        let url = format!("{}{HOOK}", self.gateway);
        let call = self.client.post(url).headers(letter.headers.clone());
        let answer = call.body(letter.body.clone()).send().await;
        // The story may be over by now.
        answer.map_or(StatusCode::BAD_GATEWAY, |answer| answer.status())
    }

    async fn deliver(&self, letter: Letter) -> StatusCode {
        if self.down.load(Ordering::Relaxed) {
            self.note("webhook while nothing gets through");
            return StatusCode::BAD_GATEWAY;
        }
        if self.calm.load(Ordering::Relaxed) {
            return self.forward(&letter).await;
        }
        match self.below(20) {
            0 | 1 => {
                self.note("webhook twice");
                self.forward(&letter).await;
                self.forward(&letter).await
            }
            2..5 => {
                self.note("webhook held back");
                self.held.lock().unwrap().push(letter);
                StatusCode::OK
            }
            5 | 6 => {
                self.note("webhook lost");
                StatusCode::OK
            }
            7 | 8 => {
                self.note("webhook lost and to be repeated");
                StatusCode::INTERNAL_SERVER_ERROR
            }
            9 => {
                self.note("webhook taken and repeated");
                self.forward(&letter).await;
                StatusCode::GATEWAY_TIMEOUT
            }
            10 => {
                self.note("webhook forged");
                assert_eq!(self.forward(&forged(&letter)).await, 403);
                StatusCode::BAD_GATEWAY
            }
            11 => {
                self.note("webhook slow");
                pause(SLOW).await;
                self.forward(&letter).await
            }
            _ => self.forward(&letter).await,
        }
    }

    /// Carries one of the gateway's own calls to Polar.
    async fn ask(&self, asked: Asked) -> Response {
        let forbidden = *self.forbidden.lock().unwrap();
        if forbidden.is_some_and(|path| asked.path.split('?').next() == Some(path)) {
            // In Polar's own words: one without them is a proxy's, and holds everything up.
            let refusal = r#"{"error":"insufficient_scope","error_description":"no"}"#;
            return (StatusCode::FORBIDDEN, refusal).into_response();
        }
        let plan = if self.calm.load(Ordering::Relaxed) {
            usize::MAX
        } else {
            self.below(24)
        };
        match plan {
            0 => {
                self.note("call limited");
                (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response()
            }
            1 => {
                self.note("call failed");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            2 => {
                self.note("call answered by a proxy");
                (StatusCode::BAD_GATEWAY, "<html>Bad gateway</html>").into_response()
            }
            3 => {
                self.note("answer cut off");
                let (head, body) = self.polar(asked).await.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap();
                let half = body.slice(..body.len() / 2);
                let broken = std::io::Error::other("cut off");
                let body = Body::from_stream(stream::iter([Ok(half), Err(broken)]));
                Response::from_parts(head, body)
            }
            4 => {
                self.note("answer lost");
                self.polar(asked).await;
                StatusCode::GATEWAY_TIMEOUT.into_response()
            }
            5 => {
                self.note("call slow");
                pause(SLOW).await;
                self.polar(asked).await
            }
            _ => self.polar(asked).await,
        }
    }

    async fn polar(&self, asked: Asked) -> Response {
        let url = format!("{}{}", self.polar, asked.path);
        let call = self
            .client
            .request(asked.method, url)
            .headers(asked.headers);
        let answer = call.body(asked.body).send().await.unwrap();
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            if !is_of_the_connection(name) {
                response = response.header(name, value);
            }
        }
        let body = answer.bytes().await.unwrap();
        response.body(Body::from(body)).unwrap()
    }
}

/// A call of the gateway's.
struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

async fn carry(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let mut headers = parts.headers;
    for name in ["host", "content-length", "connection", "accept-encoding"] {
        headers.remove(name);
    }
    if parts.uri.path() == HOOK {
        return shared
            .deliver(Letter { headers, body })
            .await
            .into_response();
    }
    let path = parts.uri.path_and_query().unwrap().to_string();
    let method = parts.method;
    let asked = Asked {
        method,
        path,
        headers,
        body,
    };
    shared.ask(asked).await
}

fn is_of_the_connection(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection" | "content-length" | "transfer-encoding" | "content-encoding"
    )
}

/// The same with one byte changed.
fn forged(letter: &Letter) -> Letter {
    let mut body = letter.body.to_vec();
    let last = body.len() - 1;
    body[last] ^= 1;
    Letter {
        headers: letter.headers.clone(),
        body: body.into(),
    }
}

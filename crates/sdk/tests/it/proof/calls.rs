//! Makes every call for real, over a transport that remembers and answers what it is told to.

use std::{
    fmt::Debug,
    str::FromStr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response};
use polarkit::{
    Error, Operation, Polar, ReadError, Reply, Server,
    model::FreeForm,
    transport::{Body, Sending, Transport},
};
use polarkit_spec::{facts, sample::Extent};
use serde::Serialize;
use serde_json::Value;

/// The token of the client that calls.
pub(crate) const TOKEN: &str = "polar_oat_x";

/// What is called, over and over.
pub(crate) trait Calls {
    fn polar(&self) -> Polar;

    /// A call with what is required.
    fn least<'a, O: Called<'a>>(&mut self, call: O);

    /// A call with all it takes.
    fn full<'a, O: Called<'a>>(&mut self, turn: usize, call: O);
}

/// An operation whose answer can be looked at.
pub(crate) trait Called<'a>: Operation + Clone {
    fn ask(self) -> polarkit::Call<'a, Value>;

    /// What a reply of success says, as `Debug` shows it.
    fn shown(reply: &Reply) -> Result<String, ReadError>;
}

impl<'a, O, T> Called<'a> for O
where
    O: Operation<Output = T> + Clone + 'a,
    O: IntoFuture<Output = Result<T, Error>, IntoFuture = polarkit::Call<'a, T>>,
    T: Serialize + Debug + Send + 'a,
{
    fn ask(self) -> polarkit::Call<'a, Value> {
        let call = self.into_future();
        Box::pin(async move {
            call.await
                .map(|answer| serde_json::to_value(answer).unwrap())
        })
    }

    fn shown(reply: &Reply) -> Result<String, ReadError> {
        Self::read(reply).map(|answer| format!("{answer:?}"))
    }
}

/// A call that was made.
pub(crate) struct Made {
    pub(crate) id: &'static str,
    pub(crate) extent: Extent,
    pub(crate) turn: usize,
    pub(crate) request: Request<Bytes>,
    /// What was answered, and what became of it.
    pub(crate) answers: Vec<(Value, Result<Value, Error>)>,
}

/// Every call of every operation.
pub(crate) fn every_call() -> Vec<Made> {
    let recorder = Arc::new(Recorder::default());
    let server = Server::At("http://polar.test".to_owned()); // which has no limits to keep to
    let polar = Polar::builder()
        .server(server)
        .token(TOKEN)
        .transport(Arc::clone(&recorder))
        .build();
    let mut caller = Caller {
        polar: polar.unwrap(),
        recorder,
        runtime: tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap(),
        made: Vec::new(),
    };
    super::super::generated::all(&mut caller);
    caller.made
}

struct Caller {
    polar: Polar,
    recorder: Arc<Recorder>,
    runtime: tokio::runtime::Runtime,
    made: Vec<Made>,
}

impl Caller {
    fn make<'a, O: Called<'a>>(&mut self, extent: Extent, turn: usize, call: &O) {
        let success = &facts().operation(O::ID).unwrap().success;
        let turns = match (&success.shape, extent, turn) {
            (Some(shape), Extent::Full, 0) => facts().variety(shape),
            _ => 1,
        };
        let mut answers = Vec::new();
        for turn in 0..turns {
            let shape = success.shape.as_ref();
            let answer = shape.map_or(Value::Null, |shape| facts().sample(shape, extent, turn));
            self.recorder
                .will_answer(success.status, success.content_type.as_deref(), &answer);
            let got = self.runtime.block_on(call.clone().ask());
            answers.push((answer, got));
        }
        let request = self.recorder.last.lock().unwrap().take().unwrap();
        self.made.push(Made {
            id: O::ID,
            extent,
            turn,
            request,
            answers,
        });
    }
}

impl Calls for Caller {
    fn polar(&self) -> Polar {
        self.polar.clone()
    }

    fn least<'a, O: Called<'a>>(&mut self, call: O) {
        self.make(Extent::Least, 0, &call);
    }

    fn full<'a, O: Called<'a>>(&mut self, turn: usize, call: O) {
        self.make(Extent::Full, turn, &call);
    }
}

/// Remembers the last request, and answers what was said last.
#[derive(Default)]
struct Recorder {
    last: Mutex<Option<Request<Bytes>>>,
    next: Mutex<(u16, Option<String>, Bytes)>,
}

impl Recorder {
    fn will_answer(&self, status: u16, content_type: Option<&str>, answer: &Value) {
        let body = match (content_type, answer) {
            (None, _) => Bytes::new(),
            (Some("application/json"), answer) => answer.to_string().into(),
            (Some(_), text) => text.as_str().unwrap().to_owned().into(),
        };
        *self.next.lock().unwrap() = (status, content_type.map(str::to_owned), body);
    }
}

impl Transport for Recorder {
    fn send(&self, request: Request<Bytes>) -> Sending<'_> {
        *self.last.lock().unwrap() = Some(request);
        let (status, content_type, body) = self.next.lock().unwrap().clone();
        let mut response = Response::builder().status(status);
        if let Some(content_type) = content_type {
            response = response.header("content-type", content_type);
        }
        let response = response.body(Body::from(body)).unwrap();
        Box::pin(std::future::ready(Ok(response)))
    }
}

/// What that text says.
pub(crate) fn parsed<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Free-form JSON.
pub(crate) fn free(json: &str) -> FreeForm {
    serde_json::from_str(json).unwrap()
}

//! A transport that answers as told, in tokio's time, and remembers when it was asked what.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use polarkit::{
    Builder, Polar, Server,
    transport::{Body, Sending, Transport, TransportError},
};
use tokio::time::Instant;

/// What comes of one attempt.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// An answer, that long after the request left.
    Answer(Duration, u16, Vec<(&'static str, String)>, Vec<Bytes>),
    /// Nobody there.
    Unreached,
    /// The connection breaks before an answer.
    Broken,
    /// The answer's head comes, and half of its body.
    Torn,
    /// No answer, ever.
    Silence,
}

impl Step {
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(Duration::ZERO, status, Vec::new(), Vec::new())
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Self::Answer(Duration::ZERO, status, Vec::new(), vec![body])
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        match self {
            Self::Answer(_, status, headers, body) => Self::Answer(delay, status, headers, body),
            other => other,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer(_, _, headers, _) = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

/// What was asked, and when.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) at: Duration,
    pub(crate) request: http::Request<Bytes>,
}

#[derive(Clone)]
pub(crate) struct Script {
    began: Instant,
    steps: Arc<Mutex<VecDeque<Step>>>,
    usual: Step,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Script {
    /// Answers in this order, then with an empty page for ever.
    pub(crate) fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        let empty = r#"{"items":[],"pagination":{"total_count":0,"max_page":0}}"#;
        Self {
            began: Instant::now(),
            steps: Arc::new(Mutex::new(steps.into_iter().collect())),
            usual: Step::json(200, empty),
            asked: Arc::default(),
        }
    }

    /// What comes when the script is over.
    pub(crate) fn then(mut self, usual: Step) -> Self {
        self.usual = usual;
        self
    }

    /// A client of it whose server has no limits.
    pub(crate) fn polar(&self) -> Polar {
        self.builder().build().unwrap()
    }

    pub(crate) fn builder(&self) -> Builder {
        Polar::builder()
            .server(Server::At("http://polar.invalid".to_owned()))
            .token("polar_oat_x")
            .transport(self.clone())
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// When it was asked, in milliseconds since it began.
    pub(crate) fn instants(&self) -> Vec<u128> {
        let asked = self.asked();
        asked.iter().map(|asked| asked.at.as_millis()).collect()
    }
}

impl Transport for Script {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        let at = self.began.elapsed();
        self.asked.lock().unwrap().push(Asked { at, request });
        let step = self.steps.lock().unwrap().pop_front();
        let step = step.unwrap_or_else(|| self.usual.clone());
        Box::pin(play(step))
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock is the test's own")]
async fn play(step: Step) -> Result<http::Response<Body>, TransportError> {
    let torn = || TransportError::Broken("torn".into());
    match step {
        Step::Answer(delay, status, headers, pieces) => {
            tokio::time::sleep(delay).await;
            let mut response = http::Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            let pieces = pieces.into_iter().map(Ok::<_, TransportError>);
            let body = Body::new(futures_util::stream::iter(pieces));
            Ok(response.body(body).unwrap())
        }
        Step::Unreached => Err(TransportError::Unreached("nobody there".into())),
        Step::Broken => Err(torn()),
        Step::Torn => {
            let pieces = [Ok(Bytes::from_static(b"{\"items\":")), Err(torn())];
            let body = Body::new(futures_util::stream::iter(pieces));
            Ok(http::Response::new(body))
        }
        Step::Silence => std::future::pending().await,
    }
}

//! A real browser: headless Chromium, driven through chromedriver by the W3C's protocol for that.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::http::client;
use crate::patience::eventually;

/// The key under which the protocol hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const STARTED: &str = "was started successfully on port ";

/// A browser window of its own profile; closing it ends the driver and the browser.
pub(crate) struct Browser {
    client: Client,
    session: String,
    driver: SocketAddr,
    _process: Child,
    _profile: TempDir,
}

/// Something on the page, found by a CSS selector.
pub(crate) struct Element<'a> {
    browser: &'a Browser,
    path: String,
}

impl Browser {
    /// Opens a window of `width` × `height` pixels.
    pub(crate) async fn open(width: u32, height: u32) -> Self {
        let profile = TempDir::new().unwrap();
        let (process, port) = start_driver().await;
        let client = client();
        let base = format!("http://127.0.0.1:{port}");
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        // A headless window is never narrower than 500 px, so phones are emulated by their viewport.
        let metrics =
            json!({"deviceMetrics": {"width": width, "height": height, "pixelRatio": 1.0}});
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments, "mobileEmulation": metrics},
        }}});
        let response = client
            .post(format!("{base}/session"))
            .json(&capabilities)
            .send()
            .await
            .unwrap();
        let value = response.json::<Value>().await.unwrap();
        let id = value["value"]["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("no browser: {value}"));
        Self {
            session: format!("{base}/session/{id}"),
            client,
            driver: SocketAddr::from(([127, 0, 0, 1], port)),
            _process: process,
            _profile: profile,
        }
    }

    /// Opens an address and waits until the page has loaded.
    pub(crate) async fn visit(&self, url: &str) {
        self.command(Method::POST, "/url", json!({"url": url}))
            .await;
    }

    pub(crate) async fn url(&self) -> String {
        let url = self.command(Method::GET, "/url", Value::Null).await;
        url.as_str().unwrap().to_owned()
    }

    /// Waits until the selector finds something visible.
    pub(crate) async fn find(&self, selector: &str) -> Element<'_> {
        let path = eventually(&format!("{selector} on the page"), async || {
            let asked = json!({"using": "css selector", "value": selector});
            let found = self
                .try_command(Method::POST, "/element", asked)
                .await
                .ok()?;
            let path = format!("/element/{}", found[ELEMENT].as_str()?);
            let question = format!("{path}/displayed");
            let shown = self.try_command(Method::GET, &question, Value::Null).await;
            (shown.ok()? == true).then_some(path)
        })
        .await;
        Element {
            browser: self,
            path,
        }
    }

    /// Waits until the text stands within what the selector finds.
    pub(crate) async fn wait_for_text(&self, selector: &str, text: &str) {
        eventually(&format!("{text:?} in {selector}"), async || {
            let script = "const found = document.querySelector(arguments[0]); return found && found.innerText";
            let seen = self.try_script(script, json!([selector])).await.ok()?;
            seen.as_str()?.contains(text).then_some(())
        })
        .await;
    }

    /// Waits until the address begins so.
    pub(crate) async fn wait_for_url(&self, beginning: &str) {
        eventually(&format!("the address {beginning}"), async || {
            self.url().await.starts_with(beginning).then_some(())
        })
        .await;
    }

    /// Runs JavaScript on the page and returns its value.
    pub(crate) async fn script(&self, script: &str, args: Value) -> Value {
        self.try_script(script, args).await.unwrap()
    }

    async fn try_script(&self, script: &str, args: Value) -> Result<Value, Value> {
        let asked = json!({"script": script, "args": args});
        self.try_command(Method::POST, "/execute/sync", asked).await
    }

    /// What the page wrote to the console as an error: blocked resources, uncaught exceptions.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let entries = self
            .command(Method::POST, "/se/log", json!({"type": "browser"}))
            .await;
        entries
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    /// Saves what is seen as a PNG in `target/tmp`, for people to look at.
    pub(crate) async fn picture(&self, name: &str) {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let picture = self.command(Method::GET, "/screenshot", Value::Null).await;
        let bytes = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            picture.as_str().unwrap(),
        );
        std::fs::write(file, bytes.unwrap()).unwrap();
    }

    async fn command(&self, method: Method, path: &str, body: Value) -> Value {
        let shown = format!("{method} {path}");
        match self.try_command(method, path, body).await {
            Ok(value) => value,
            Err(error) => panic!("{shown}: {error}"),
        }
    }

    async fn try_command(&self, method: Method, path: &str, body: Value) -> Result<Value, Value> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.session));
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let good = response.status().is_success();
        let mut answer = response.json::<Value>().await.unwrap();
        let value = answer["value"].take();
        if good { Ok(value) } else { Err(value) }
    }
}

impl Drop for Browser {
    /// Also after a failed assertion: the driver is told to end the browser before the driver itself is killed.
    fn drop(&mut self) {
        let path = self
            .session
            .split_at(self.session.find("/session/").unwrap())
            .1;
        let request = format!(
            "DELETE {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.driver
        );
        if let Ok(mut stream) = TcpStream::connect(self.driver) {
            let mut answer = Vec::new();
            drop(stream.write_all(request.as_bytes()));
            drop(stream.set_read_timeout(Some(Duration::from_secs(5))));
            drop(stream.read_to_end(&mut answer));
        }
    }
}

impl Element<'_> {
    pub(crate) async fn click(&self) {
        self.act("click", json!({})).await;
    }

    /// Empties the field and types, key by key.
    pub(crate) async fn fill(&self, text: &str) {
        self.act("clear", json!({})).await;
        self.act("value", json!({"text": text})).await;
    }

    pub(crate) async fn text(&self) -> String {
        let path = format!("{}/text", self.path);
        let text = self.browser.command(Method::GET, &path, Value::Null).await;
        text.as_str().unwrap().to_owned()
    }

    async fn act(&self, what: &str, body: Value) {
        let path = format!("{}/{what}", self.path);
        self.browser.command(Method::POST, &path, body).await;
    }
}

async fn start_driver() -> (Child, u16) {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("chromedriver (Debian: chromium-driver) should be installed");
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = timeout(Duration::from_secs(20), async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, rest)) = line.split_once(STARTED) {
                return rest.trim_end_matches('.').parse().unwrap();
            }
        }
        panic!("chromedriver ended at once");
    });
    let port = port.await.expect("chromedriver should start");
    (driver, port)
}

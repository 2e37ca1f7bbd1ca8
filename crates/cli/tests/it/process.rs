//! A real `polarkit` process: started in an empty folder and a bare environment, spoken to over loopback, never left behind.

use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Long enough for a loaded machine; reaching it means the process hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A started server that has said it is ready.
pub(crate) struct Running {
    child: Child,
    pub(crate) ready: Ready,
}

/// The one line that `--json` prints.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ready {
    pub(crate) gateway: Option<String>,
    pub(crate) meter: Option<String>,
    pub(crate) sandbox: Option<String>,
    pub(crate) seats: Option<String>,
    pub(crate) api_key: Option<String>,
}

/// An empty working folder, so that no `.env` of the developer is read.
pub(crate) fn folder() -> TempDir {
    TempDir::new().unwrap()
}

/// The command with nothing of our own environment but `env`.
pub(crate) fn polarkit(folder: &TempDir, args: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polarkit"));
    command
        .args(args)
        .current_dir(folder.path())
        .env_clear()
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// The same command, begun by another that ends in `exec "$@"`.
pub(crate) fn wrapped(by: &[&str], command: &Command) -> Command {
    let inner = command.as_std();
    let mut command = Command::new(by[0]);
    command
        .args(&by[1..])
        .arg(inner.get_program())
        .args(inner.get_args())
        .current_dir(inner.get_current_dir().unwrap())
        .env_clear()
        .envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs a command that ends by itself.
pub(crate) async fn run(args: &[&str], env: &[(&str, &str)]) -> Output {
    run_in(&folder(), args, env).await
}

/// The same, in a folder that holds something.
pub(crate) async fn run_in(folder: &TempDir, args: &[&str], env: &[(&str, &str)]) -> Output {
    ended(polarkit(folder, args, env)).await
}

/// What a command that ends by itself left.
pub(crate) async fn ended(mut command: Command) -> Output {
    timeout(PATIENCE, command.output())
        .await
        .expect("the command should have ended")
        .unwrap()
}

impl Running {
    /// Starts a server with `--json` and waits until it is ready. Its log goes to our stderr.
    pub(crate) async fn start(folder: &TempDir, args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::of(polarkit(folder, args, env)).await
    }

    /// The same for a command that is made up already.
    pub(crate) async fn of(mut command: Command) -> Self {
        let mut child = command
            .arg("--json")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line())
            .await
            .expect("the server should have become ready")
            .unwrap()
            .expect("the server ended before it was ready");
        Self {
            child,
            ready: serde_json::from_str(&line).unwrap(),
        }
    }

    pub(crate) fn gateway(&self) -> &str {
        self.ready.gateway.as_deref().unwrap()
    }

    pub(crate) fn sandbox(&self) -> &str {
        self.ready.sandbox.as_deref().unwrap()
    }

    /// The process's id; a shell that began it has given it its own.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// kill -9: no destructor, no flush, no farewell.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait())
            .await
            .expect("the process should have ended")
            .unwrap()
    }

    /// SIGTERM, as a service manager sends it.
    pub(crate) async fn terminate(mut self) -> ExitStatus {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.unwrap().success());
        timeout(Duration::from_secs(5), self.child.wait())
            .await
            .expect("the server should stop within seconds")
            .unwrap()
    }
}

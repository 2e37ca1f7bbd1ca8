//! A PostgreSQL and a Redis of a test's own, to be treated badly.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A PostgreSQL that writes to disk what it says it wrote.
pub(crate) struct Postgres {
    pub(crate) url: String,
    bin: PathBuf,
    options: String,
    folder: TempDir,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let started = Self {
            url: format!("postgres://polarkit@127.0.0.1:{port}/postgres"),
            bin: newest(Path::new("/usr/lib/postgresql")).join("bin"),
            options: format!(
                "-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
            ),
            folder,
        };
        if is_root() {
            let path = started.folder.path();
            run(Command::new("chown").arg("postgres").arg(path));
        }
        let locale = ["-U", "polarkit", "-A", "trust", "-E", "UTF8", "--locale=C"];
        run(started.tool("initdb").args(locale).stdout(Stdio::null()));
        started.control(&["start", "-o", &started.options]);
        started
    }

    /// As after a power cut: nobody is asked to finish, the log is replayed.
    pub(crate) fn restart(&self) {
        self.control(&["restart", "-m", "immediate", "-o", &self.options]);
    }

    fn control(&self, args: &[&str]) {
        let log = self.folder.path().join("log");
        let mut tool = self.tool("pg_ctl");
        tool.arg("-l").arg(log).args(["-s", "-w", "-t", "60"]);
        run(tool.args(args).stdout(Stdio::null()));
    }

    /// PostgreSQL refuses to run as root.
    fn tool(&self, name: &str) -> Command {
        let program = self.bin.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.arg("-D").arg(self.folder.path().join("data"));
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.tool("pg_ctl");
        // It has no more to say than that it does not run.
        drop(stop.args(["-s", "-m", "immediate", "stop"]).status());
    }
}

/// A Redis that keeps nothing on disk.
pub(crate) struct Redis {
    pub(crate) url: String,
    port: u16,
    server: Child,
}

impl Redis {
    pub(crate) fn start() -> Self {
        let port = free_port();
        Self {
            url: format!("redis://127.0.0.1:{port}"),
            port,
            server: serve(port),
        }
    }

    /// kill -9, and another in its place.
    pub(crate) fn replace(&mut self) {
        self.kill();
        self.server = serve(self.port);
    }

    /// FLUSHALL.
    pub(crate) fn flush(&self) {
        let port = self.port.to_string();
        run(Command::new("redis-cli")
            .args(["-p", &port, "FLUSHALL"])
            .stdout(Stdio::null()));
    }

    /// It takes connections and says nothing, or goes on.
    pub(crate) fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        run(Command::new("kill").args([signal, &self.server.id().to_string()]));
    }

    fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn serve(port: u16) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed (.ci/install)")
}

fn newest(folder: &Path) -> PathBuf {
    let versions = std::fs::read_dir(folder).expect("PostgreSQL is installed (.ci/install)");
    let paths = versions.map(|version| version.unwrap().path());
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    paths.max_by_key(number).unwrap()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

#[track_caller]
fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// Below 32768, where the system hands out ports for outgoing connections.
fn free_port() -> u16 {
    loop {
        let port = fastrand::u16(20_000..32_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

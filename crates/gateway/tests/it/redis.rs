//! A Redis of a test's own: started on a port of its own, killed, paused, emptied, started again.

use std::process::{Child, Command, Stdio};

use redis::aio::MultiplexedConnection;

use crate::world::{World, pause};

pub(crate) struct Redis {
    pub(crate) url: String,
    port: u16,
    server: Child,
    folder: tempfile::TempDir,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        loop {
            let port = free_port();
            let mut server = serve(port, &folder);
            let url = format!("redis://127.0.0.1:{port}");
            if answers(&url, &mut server).await {
                return Self {
                    url,
                    port,
                    server,
                    folder,
                };
            }
        }
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Another one at the same address, which knows nothing.
    pub(crate) async fn start_again(&mut self) {
        self.server = serve(self.port, &self.folder);
        assert!(answers(&self.url, &mut self.server).await);
    }

    /// It takes connections and says nothing, or goes on.
    pub(crate) fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let id = self.server.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) async fn connection(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.url.as_str()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// Every key whose name holds this.
    pub(crate) async fn keys(&self, part: &str) -> Vec<String> {
        let mut redis = self.connection().await;
        let keys = redis::cmd("KEYS").arg(format!("*{part}*")).to_owned();
        keys.query_async(&mut redis).await.unwrap()
    }

    pub(crate) async fn flush(&self) {
        let mut redis = self.connection().await;
        let flush = redis::cmd("FLUSHALL");
        flush.query_async::<()>(&mut redis).await.unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may be dead already.
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

/// Waits until this node says whether Redis is there.
pub(crate) async fn until_up(world: &World, node: &str, up: bool) {
    let figure = format!("polarkit_redis_up {}\n", u8::from(up));
    world
        .until(&format!("{node} says {figure}"), async || {
            let metrics = world.get_at(node, "/metrics").await.ok();
            metrics.as_str().unwrap().contains(&figure)
        })
        .await;
}

fn serve(port: u16, folder: &tempfile::TempDir) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed (.ci/install)")
}

/// Whether it is this server that answers, and not one that took its port first.
async fn answers(url: &str, server: &mut Child) -> bool {
    let client = redis::Client::open(url).unwrap();
    for _ in 0..1_000 {
        if server.try_wait().unwrap().is_some() {
            return false;
        }
        let id = server.id();
        if let Ok(mut redis) = client.get_multiplexed_async_connection().await {
            let info = redis::cmd("INFO").arg("server").to_owned();
            let info: String = info.query_async(&mut redis).await.unwrap();
            return info.contains(&format!("process_id:{id}\r\n"));
        }
        pause(std::time::Duration::from_millis(10)).await;
    }
    panic!("Redis does not start");
}

/// Below 32768, where the system hands out ports for outgoing connections.
fn free_port() -> u16 {
    loop {
        let random = uuid::Uuid::new_v4().as_u128() % 12_000;
        let port = 20_000 + u16::try_from(random).unwrap();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

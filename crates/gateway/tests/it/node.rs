//! Gateways beside a world's own, on the same database.

use std::sync::Arc;

use polarkit_gateway::Gateway;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::world::{Still, World, spawn};

impl World {
    /// Another node on the same database.
    pub(crate) async fn another(&self) -> Node {
        self.another_with(&[]).await
    }

    /// The same, with other settings.
    pub(crate) async fn another_with(&self, further: &[(&str, &str)]) -> Node {
        let config = self.config_with(further);
        let clock = Arc::<Still>::clone(&self.clock);
        let gateway = Gateway::open(config, clock).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let served = spawn(polarkit_gateway::serve(gateway, listener, stop.clone()));
        Node { url, stop, served }
    }

    /// Another node that can be killed.
    pub(crate) fn mortal(&self, further: &[(&str, &str)]) -> Mortal {
        let config = self.config_with(further);
        let clock = Arc::<Still>::clone(&self.clock);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(runtime.spawn(async move {
            let gateway = Gateway::open(config, clock).await.unwrap();
            let listener = TcpListener::from_std(listener).unwrap();
            polarkit_gateway::serve(gateway, listener, CancellationToken::new()).await
        }));
        Mortal { url, runtime }
    }
}

/// A gateway beside another.
pub(crate) struct Node {
    pub(crate) url: String,
    stop: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

impl Node {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
    }
}

/// A gateway beside another, on threads of its own.
pub(crate) struct Mortal {
    pub(crate) url: String,
    runtime: tokio::runtime::Runtime,
}

impl Mortal {
    /// Everything it does ends where it is; it takes leave of nobody.
    pub(crate) fn kill(self) {
        self.runtime.shutdown_background();
    }
}

//! A balancer: each connection goes to the next node that takes it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

#[derive(Clone)]
pub(crate) struct Balancer {
    pub(crate) url: String,
    nodes: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Balancer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let balancer = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            nodes: Arc::default(),
        };
        let turn = Arc::new(AtomicUsize::new(0));
        let tasks = TaskTracker::new();
        let (accepting, nodes) = (tasks.clone(), Arc::clone(&balancer.nodes));
        // Lives as long as the test's runtime.
        drop(tasks.spawn(async move {
            while let Ok((mut caller, _)) = listener.accept().await {
                let (nodes, turn) = (Arc::clone(&nodes), Arc::clone(&turn));
                drop(accepting.spawn(async move {
                    if let Some(mut node) = next(&nodes, &turn).await {
                        // Either side may go away any moment.
                        drop(copy_bidirectional(&mut caller, &mut node).await);
                    }
                }));
            }
        }));
        balancer
    }

    /// From now on these are the nodes.
    pub(crate) fn to(&self, nodes: Vec<SocketAddr>) {
        *self.nodes.lock().unwrap() = nodes;
    }
}

async fn next(nodes: &Mutex<Vec<SocketAddr>>, turn: &AtomicUsize) -> Option<TcpStream> {
    let mut nodes = nodes.lock().unwrap().clone();
    if !nodes.is_empty() {
        let first = turn.fetch_add(1, Ordering::Relaxed) % nodes.len();
        nodes.rotate_left(first);
    }
    for node in nodes {
        if let Ok(stream) = TcpStream::connect(node).await {
            return Some(stream);
        }
    }
    None
}

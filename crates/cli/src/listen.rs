//! Binds a port, or says which flag changes it.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use anyhow::Context;
use tokio::net::TcpListener;

use crate::failure::Failure;

/// A listener on `port` of `host`; 0 takes a free one. `flag` is how the port is chosen.
pub(crate) async fn bind(host: IpAddr, port: u16, flag: &str) -> Result<TcpListener, Failure> {
    let address = SocketAddr::new(host, port);
    let bound = TcpListener::bind(address).await;
    let hint = match bound.as_ref().map_err(std::io::Error::kind) {
        Err(ErrorKind::AddrInUse) => Some(format!(
            "another program has this port; choose one with {flag} PORT, or {flag} 0 for any free one"
        )),
        Err(ErrorKind::PermissionDenied) => Some(format!(
            "ports below 1024 need privileges; choose another with {flag} PORT"
        )),
        Err(ErrorKind::AddrNotAvailable) => {
            Some("this machine has no such address; 0.0.0.0 listens on all of them".to_owned())
        }
        _ => None,
    };
    bound
        .with_context(|| format!("cannot listen on {address}"))
        .map_err(|cause| Failure {
            hint,
            ..Failure::configuration(cause)
        })
}

/// The address people and programs on this machine reach the listener at.
pub(crate) fn url(listener: &TcpListener) -> std::io::Result<String> {
    let address = listener.local_addr()?;
    let host = match address.ip() {
        ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    Ok(format!("http://{host}:{}", address.port()))
}

//! Floating seats in a network without Polar: a small server that hands out the seats of a pool the
//! online gateway signed, takes them back, and lets silence free them.

mod http;
mod pool;

use std::sync::Arc;

use jiff::SignedDuration;
use polarkit::license::{LicenseError, SigningKey};
use polarkit_model::Clock;
use polarkit_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::pool::Seats;

/// What a seat server needs: no Polar, and no secret but its own key.
#[derive(Debug)]
pub struct Options {
    /// Who holds which seat; of this server alone.
    pub store: Store,
    /// The pool, as the online gateway signed it.
    pub pool: String,
    /// The online gateway's public keys, a JWK set.
    pub jwks: String,
    /// The key the pool was made out to.
    pub key: SigningKey,
    /// How long a holder may be silent.
    pub silence: SignedDuration,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why no seats can be handed out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoSeats {
    /// The public keys cannot be read.
    #[error("the gateway's public keys")]
    Keys(#[from] polarkit::license::KeyError),
    /// The pool is not good.
    #[error("the pool is not good")]
    Pool(#[from] LicenseError),
    /// The pool was made out to another server.
    #[error("the pool was made out to another key than this server's, which is {0}")]
    OtherServer(String),
    /// The store cannot be used.
    #[error("the store cannot be used")]
    Store(#[from] polarkit_store::Error),
}

/// A seat server, opened.
#[derive(Debug)]
pub struct Server(Arc<Seats>);

impl Server {
    /// Verifies the pool and reads who holds its seats.
    pub async fn open(options: Options) -> Result<Self, NoSeats> {
        Ok(Self(Arc::new(Seats::open(options).await?)))
    }

    /// Hands out seats at this socket until told to stop.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let app = http::router(Arc::clone(&self.0));
        crate::listen::serve(listener, app, &stop).await;
        self.0.store().close().await;
    }
}

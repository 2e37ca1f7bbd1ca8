//! What the gateway asks of Polar, and what Polar's answers mean here. Everything goes through the
//! SDK, and every answer tells the gateway the time.

mod failure;
mod ingest;
mod license;
mod person;
mod read;

use std::fmt;
use std::future::IntoFuture;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use polarkit::Error;
use polarkit_model::{
    CheckoutId, CustomerId, CustomerSessionCreate, CustomerSessionCustomerExternalIdCreate,
    CustomerSessionCustomerIdCreate, LicenseKeyId, LicenseKeyWithActivations, MeterId,
    OrganizationId,
};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

pub(crate) use self::failure::Failure;
pub(crate) use self::ingest::{Flaw, Taken, Untaken};
pub(crate) use self::license::{LicenseCall, Route};
pub(crate) use self::person::path_of;
pub(crate) use self::read::Answer;
use crate::checkout::{Details, Order, Untold};
use crate::config::{Config, Server};
use crate::entitlement::essence;
use crate::problem::chain;
use crate::time::{Time, pause};
use crate::usage::meter::Meter;

/// Longest a call to Polar may take; a caller waits meanwhile.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest a call may take with everything: its turn under the rate limits, another attempt.
const TOTAL_MAX: Duration = Duration::from_secs(15);
/// Polar is not asked the time more often than this.
const TIME_ASKED_EVERY: Duration = Duration::from_millis(100);
/// Meters of one customer that are looked at: Polar's largest page.
const METERS_MAX: i64 = 100;

/// Why the client for Polar cannot be built.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Unusable(#[from] polarkit::BuildError);

/// Whose portal is to be opened.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// Polar's own id.
    Customer(CustomerId),
    /// The application's id.
    External(String),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(id) => id.fmt(f),
            Self::External(id) => f.write_str(id),
        }
    }
}

/// Polar, as far as the gateway needs it.
#[derive(Debug)]
pub(crate) struct Polar {
    own: polarkit::Polar,
    /// Without a token: the public licence calls neither need nor get one.
    anonymous: polarkit::Polar,
    organization: OrganizationId,
    time: Time,
    time_asked: Mutex<Option<Instant>>,
}

impl Polar {
    pub(crate) fn new(config: &Config, time: Time) -> Result<Self, Unusable> {
        // A caller waits: better to say "later" than to make it wait long.
        let retry = polarkit::Retry::default()
            .attempts(2)
            .wait_max(Duration::from_secs(2))
            .total(TOTAL_MAX);
        let server = match &config.server {
            Server::Sandbox => polarkit::Server::Sandbox,
            Server::Production => polarkit::Server::Production,
            Server::At(_) => polarkit::Server::At(config.server.base_url().to_owned()),
        };
        let builder = || {
            let builder = polarkit::Polar::builder()
                .server(server.clone())
                .timeout(TIMEOUT);
            builder.retry(retry).clock(time.clock())
        };
        Ok(Self {
            own: builder()
                .token(config.access_token.expose_secret())
                .build()?,
            anonymous: builder().build()?,
            organization: config.organization_id.into(),
            time,
            time_asked: Mutex::default(),
        })
    }

    /// Asks Polar the time; whoever asks while another does gets the same answer.
    pub(crate) async fn ask_the_time(&self) {
        let came = Instant::now();
        let mut asked = self.time_asked.lock().await;
        if let Some(last) = *asked {
            if last >= came {
                return;
            }
            pause(TIME_ASKED_EVERY.saturating_sub(last.elapsed())).await;
        }
        if let Err(error) = self.own.ask_server_time().await {
            tracing::warn!(error = %chain(&error), "Polar does not tell the time");
        }
        self.listen(&self.own);
        *asked = Some(Instant::now());
    }

    /// Whether Polar answers and takes the gateway's token.
    pub(crate) async fn is_there(&self) -> bool {
        self.heard(self.own.organizations().get(self.organization))
            .await
            .is_ok()
    }

    /// Creates a checkout; answers its id and where to pay.
    pub(crate) async fn create_checkout(&self, order: &Order) -> Result<(String, String), Failure> {
        let ask = &order.ask;
        let checkouts = self.own.checkouts();
        let mut call = checkouts
            .create([order.product.into()])
            .allow_discount_codes(true);
        if let Some(email) = &ask.customer_email {
            call = call.customer_email(email);
        }
        if let Some(external_id) = &ask.customer_external_id {
            call = call.external_customer_id(external_id);
        }
        if let Some(url) = &ask.success_url {
            call = call.success_url(url);
        }
        if let Some(metadata) = ask.metadata.clone() {
            call = call.metadata(metadata);
        }
        let checkout = self.heard(call).await?;
        Ok((checkout.id.to_string(), checkout.url))
    }

    pub(crate) async fn checkout(&self, id: CheckoutId) -> Result<Details, Failure> {
        let asked = Instant::now();
        let checkout = self.heard(self.own.checkouts().get(id)).await?;
        let recurring = checkout.product.is_some_and(|product| product.is_recurring);
        Ok(Details {
            checkout_id: checkout.id.to_string(),
            status: checkout.status.to_string(),
            customer_id: checkout.customer_id.map(|id| id.to_string()),
            product_id: checkout.product_id.map(|id| id.to_string()),
            amount: checkout.amount,
            currency: checkout.currency.to_string(),
            metadata: checkout.metadata,
            untold: Untold {
                external_customer_id: checkout.external_customer_id,
                expires_at: checkout.expires_at,
                recurring,
                changed_at: checkout.modified_at.unwrap_or(checkout.created_at),
                read_at: self.said_at(asked),
            },
        })
    }

    /// Opens a portal session; answers its token and link.
    pub(crate) async fn portal_session(&self, who: &Who) -> Result<(String, String), Failure> {
        let ask = match who {
            Who::Customer(id) => CustomerSessionCustomerIdCreate::new(*id).into(),
            Who::External(id) => {
                CustomerSessionCreate::from(CustomerSessionCustomerExternalIdCreate::new(id))
            }
        };
        let session = self.heard(self.own.customer_sessions().create(ask)).await?;
        Ok((
            session.token.reveal().to_owned(),
            session.customer_portal_url,
        ))
    }

    /// How a licence key stands, by Polar's id of it.
    pub(crate) async fn license_key(&self, id: &str) -> Result<LicenseKeyWithActivations, Failure> {
        let id: LicenseKeyId = id.parse().map_err(|_malformed| Failure::NotFound)?;
        self.heard(self.own.license_keys().get(id)).await
    }

    /// A customer's meters; none when Polar does not know the customer yet.
    pub(crate) async fn customer_meters(
        &self,
        external_id: &str,
    ) -> Result<Vec<essence::Meter>, Failure> {
        let list = self
            .own
            .customer_meters()
            .list()
            .external_customer_id(external_id);
        let page = self.heard(list.limit(METERS_MAX)).await?;
        page.items.iter().map(reread).collect()
    }

    pub(crate) async fn meter(&self, id: &str) -> Result<Meter, Failure> {
        let id: MeterId = id.parse().map_err(|_malformed| Failure::NotFound)?;
        reread(&self.heard(self.own.meters().get(id)).await?)
    }

    /// A moment not after Polar looked, µs of Polar's time, by when it was asked.
    fn said_at(&self, asked: Instant) -> i64 {
        // Heard a moment ago, so that it is behind Polar's clock, if anything.
        let spent = SignedDuration::try_from(asked.elapsed()).unwrap_or(SignedDuration::MAX);
        let at = self.time.surely_past();
        at.checked_sub(spent).unwrap_or(at).as_microsecond()
    }

    async fn heard<T>(
        &self,
        call: impl IntoFuture<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        self.heard_by(&self.own, call).await
    }

    /// Makes a call, and hears what time it is on the way.
    async fn heard_by<T>(
        &self,
        client: &polarkit::Polar,
        call: impl IntoFuture<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        let answer = call.await;
        self.listen(client);
        answer.map_err(|error| Failure::from_error(&error))
    }

    fn listen(&self, client: &polarkit::Polar) {
        if let Some(heard) = client.server_time() {
            self.time.learn(heard.offset);
        }
    }
}

/// The part of one of Polar's shapes that is used here.
fn reread<T: DeserializeOwned>(shape: &impl Serialize) -> Result<T, Failure> {
    let json = serde_json::to_value(shape).and_then(serde_json::from_value);
    json.map_err(|error| {
        tracing::error!(error = %chain(&error), "Polar's answer cannot be read");
        Failure::Failed
    })
}

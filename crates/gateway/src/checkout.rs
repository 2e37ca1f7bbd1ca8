//! Checkouts: what may be asked for, and what is remembered of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use moka::Expiry;
use moka::future::Cache;
use polarkit_model::{CheckoutId, FreeForm};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::config::Config;
use crate::gateway::Gateway;
use crate::http::caller::Caller;
use crate::problem::{Code, Problem};
use crate::shared::answer::Recalled;
use crate::upstream::Failure;

/// Checkouts remembered at once.
const REMEMBERED_MAX: u64 = 10_000;
/// A checkout that is over never changes.
const OVER_KEPT: Duration = Duration::from_hours(1);
/// One that is open may be paid any moment; a webhook makes it forgotten sooner.
const OPEN_KEPT: Duration = Duration::from_secs(2);

/// Polar's own limits on metadata.
const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_CHARS_MAX: usize = 40;
const METADATA_TEXT_CHARS_MAX: usize = 500;
/// No longer e-mail address can be delivered to.
const EMAIL_CHARS_MAX: usize = 254;

/// What a caller asks for.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Ask {
    /// Polar's id of the product to buy, or the name that `POLARKIT_PRODUCTS` gives it.
    pub(crate) product_id: String,
    /// The buyer's e-mail address, filled in for them.
    #[serde(default)]
    pub(crate) customer_email: Option<String>,
    /// The application's id of the buyer. A user's own token may name itself only.
    #[serde(default)]
    pub(crate) customer_external_id: Option<String>,
    /// Where the buyer goes after paying; `SUCCESS_URL` unless given.
    #[serde(default)]
    pub(crate) success_url: Option<String>,
    /// At most 50 keys of at most 40 characters; texts, numbers and booleans.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) metadata: Option<BTreeMap<String, Value>>,
}

/// What is ordered at Polar: an ask that was checked, completed, and its product found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Order {
    pub(crate) product: Uuid,
    #[serde(flatten)]
    pub(crate) ask: Ask,
}

/// A checkout as callers see it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Details {
    pub(crate) checkout_id: String,
    /// `open`, `expired`, `confirmed`, `succeeded` or `failed`. Only `succeeded` means paid.
    pub(crate) status: String,
    pub(crate) customer_id: Option<String>,
    pub(crate) product_id: Option<String>,
    /// In minor units of the currency.
    pub(crate) amount: i64,
    pub(crate) currency: String,
    #[schema(value_type = Object)]
    pub(crate) metadata: FreeForm,
    /// Whose it is; not told, but asked before telling.
    #[serde(skip)]
    pub(crate) external_customer_id: Option<String>,
}

impl Details {
    fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "succeeded" | "expired" | "failed")
    }

    fn kept(&self) -> Duration {
        if self.is_over() { OVER_KEPT } else { OPEN_KEPT }
    }
}

/// Checkouts seen lately.
#[derive(Debug)]
pub(crate) struct Checkouts(Cache<CheckoutId, Arc<Details>>);

impl Checkouts {
    pub(crate) fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(REMEMBERED_MAX)
                .expire_after(Kept)
                .build(),
        )
    }

    /// A checkout, asked of Polar once however many want it.
    pub(crate) async fn details(
        &self,
        gateway: &Gateway,
        id: CheckoutId,
    ) -> Result<Arc<Details>, Arc<Failure>> {
        let ask = async { details_now(gateway, id).await.map(Arc::new) };
        self.0.try_get_with(id, ask).await
    }

    /// Something happened that nobody told of.
    pub(crate) fn forget_everything(&self) {
        self.0.invalidate_all();
    }

    /// Something happened to it.
    pub(crate) async fn forget(&self, id: CheckoutId) {
        self.0.invalidate(&id).await;
    }
}

struct Kept;

impl Expiry<CheckoutId, Arc<Details>> for Kept {
    fn expire_after_create(
        &self,
        _key: &CheckoutId,
        value: &Arc<Details>,
        _created_at: std::time::Instant,
    ) -> Option<Duration> {
        Some(value.kept())
    }
}

/// The same, as nodes share it.
#[derive(Debug, Serialize, Deserialize)]
struct Shown {
    details: Details,
    external_customer_id: Option<String>,
}

/// What another node was answered, else what Polar answers.
async fn details_now(gateway: &Gateway, id: CheckoutId) -> Result<Details, Failure> {
    let name = id.to_string();
    let recalled = gateway.shared.recall(&name).await;
    if let Recalled::Answer(Shown {
        details,
        external_customer_id,
    }) = recalled
    {
        return Ok(Details {
            external_customer_id,
            ..details
        });
    }
    let details = gateway.polar.checkout(id).await?;
    if let Recalled::Nothing(asked_at) = recalled {
        let shown = Shown {
            external_customer_id: details.external_customer_id.clone(),
            details: details.clone(),
        };
        let keep = (&[&*name][..], details.kept());
        gateway.shared.remember(&name, asked_at, &shown, keep).await;
    }
    Ok(details)
}

/// Checks what is asked against who asks and what configuration allows, and completes it.
pub(crate) fn check(mut ask: Ask, caller: &Caller, config: &Config) -> Result<Order, Problem> {
    let product = config.products.find(&ask.product_id);
    let product = product.map_err(|none| Problem::invalid(format!("product_id: {none}")))?;
    match caller {
        Caller::User(subject) => {
            if ask
                .customer_external_id
                .as_ref()
                .is_some_and(|asked| asked != subject)
            {
                return Err(Problem::new(
                    Code::Forbidden,
                    "A user may buy for themselves only",
                ));
            }
            if !config.products.is_for_sale(product) {
                return Err(Problem::new(
                    Code::Forbidden,
                    "This product is not for sale here",
                ));
            }
            ask.customer_external_id = Some(subject.clone());
        }
        Caller::Server(_) => drop(caller.must_be_server("checkouts:write")?),
    }
    if let Some(email) = &ask.customer_email {
        email_address(email)?;
    }
    match &ask.success_url {
        Some(asked) => redirect(asked, caller, config)?,
        None => ask.success_url.clone_from(&config.success_url),
    }
    if let Some(metadata) = &ask.metadata {
        metadata_within_limits(metadata)?;
    }
    Ok(Order { product, ask })
}

fn email_address(email: &str) -> Result<(), Problem> {
    let fits = email.len() <= EMAIL_CHARS_MAX
        && email
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        && !email.contains(char::is_whitespace);
    if fits {
        Ok(())
    } else {
        Err(Problem::invalid("customer_email: not an e-mail address"))
    }
}

/// Where a buyer may be sent: hosts configuration names. Where it names none, a server may choose.
fn redirect(asked: &str, caller: &Caller, config: &Config) -> Result<(), Problem> {
    let wrong = || Problem::invalid("success_url: must be an http or https address");
    let url = Url::parse(asked).map_err(|_malformed| wrong())?;
    let Some(host) = url
        .host_str()
        .filter(|_| matches!(url.scheme(), "http" | "https"))
    else {
        return Err(wrong());
    };
    let default = config
        .success_url
        .as_deref()
        .and_then(|url| Url::parse(url).ok());
    let own = default.as_ref().and_then(Url::host_str);
    let listed = config.redirect_hosts.iter().map(String::as_str);
    let mut allowed = listed.chain(own).peekable();
    let free = allowed.peek().is_none() && matches!(caller, Caller::Server(_));
    if free || allowed.any(|one| one.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    Err(Problem::invalid(
        "success_url: its host is not among POLARKIT_REDIRECT_HOSTS",
    ))
}

fn metadata_within_limits(metadata: &BTreeMap<String, Value>) -> Result<(), Problem> {
    if metadata.len() > METADATA_KEYS_MAX {
        return Err(Problem::invalid("metadata: at most 50 keys"));
    }
    for (key, value) in metadata {
        if key.is_empty() || key.chars().count() > METADATA_KEY_CHARS_MAX {
            return Err(Problem::invalid("metadata: a key has 1 to 40 characters"));
        }
        let fits = match value {
            Value::String(text) => (1..=METADATA_TEXT_CHARS_MAX).contains(&text.chars().count()),
            Value::Number(_) | Value::Bool(_) => true,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        if !fits {
            return Err(Problem::invalid(format!(
                "metadata.{key}: a text of 1 to 500 characters, a number or a boolean"
            )));
        }
    }
    Ok(())
}

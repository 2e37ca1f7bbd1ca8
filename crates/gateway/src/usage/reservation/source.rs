//! What a customer's meter is spent by: its definition and Polar's newest figure, found before any
//! transaction begins.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polarkit_store::Account;

use crate::entitlement::essence;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem};
use crate::usage::balance::{ask, definition, told};
use crate::usage::meter::{Meter, decimal};

/// A figure older than this is asked for again, where Polar answers: long before delivered usage it
/// may lack is forgotten here.
const FIGURE_OLD: SignedDuration = SignedDuration::from_hours(24);

/// One meter of a customer.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) meter: Arc<Meter>,
    pub(super) account: Account,
}

/// Finds a customer's meter by Polar's id or by name. While Polar is away, what was last spent by
/// serves.
pub(super) async fn find(
    gateway: &Gateway,
    customer: &str,
    wanted: &str,
) -> Result<Source, Problem> {
    match of_polar(gateway, customer, wanted).await {
        Err(problem) if is_of_polar(&problem) => {
            let remembered = remembered(gateway, customer, wanted).await?;
            remembered.ok_or(problem)
        }
        found => found,
    }
}

/// Polar is away, or asks to slow down.
fn is_of_polar(problem: &Problem) -> bool {
    matches!(
        problem.code(),
        Code::UpstreamUnavailable | Code::UpstreamFailed | Code::RateLimited
    )
}

impl Source {
    /// When Polar made the figure.
    pub(super) fn as_of(&self) -> Timestamp {
        Timestamp::from_microsecond(self.account.as_of).unwrap_or(Timestamp::MIN)
    }

    fn new(customer: &str, meter: Arc<Meter>, told: &essence::Meter) -> Result<Self, Problem> {
        let balance = decimal(&told.balance).unwrap_or_default();
        let definition = serde_json::to_string(&*meter);
        Ok(Self {
            account: Account {
                customer: customer.to_owned(),
                meter: told.meter_id.clone(),
                definition: definition.map_err(|error| Problem::internal(&error))?,
                balance: balance.to_string(),
                as_of: told.as_of().as_microsecond(),
            },
            meter,
        })
    }
}

async fn of_polar(gateway: &Gateway, customer: &str, wanted: &str) -> Result<Source, Problem> {
    let told = told(gateway, customer).await?;
    let told = among(gateway, customer, &told, wanted).await?;
    let now = gateway.time.now();
    if let Some(source) = told {
        if now.duration_since(source.as_of()) < FIGURE_OLD {
            return Ok(source);
        }
        let asked = newer(gateway, customer, wanted).await;
        return Ok(asked.ok().flatten().unwrap_or(source));
    }
    let asked = newer(gateway, customer, wanted).await?;
    asked.ok_or_else(|| {
        Problem::new(
            Code::NotFound,
            "meter: the customer has none of this id or name",
        )
    })
}

async fn newer(gateway: &Gateway, customer: &str, wanted: &str) -> Result<Option<Source>, Problem> {
    let asked = ask(gateway, customer).await?;
    among(gateway, customer, &asked, wanted).await
}

/// Names need not be unique; ids are.
async fn among(
    gateway: &Gateway,
    customer: &str,
    meters: &[essence::Meter],
    wanted: &str,
) -> Result<Option<Source>, Problem> {
    if let Some(told) = meters.iter().find(|told| told.meter_id == wanted) {
        let meter = definition(gateway, &told.meter_id).await?;
        return Source::new(customer, meter, told).map(Some);
    }
    let mut named = Vec::new();
    for told in meters {
        let meter = definition(gateway, &told.meter_id).await?;
        if meter.name == wanted {
            named.push((meter, told));
        }
    }
    if named.len() > 1 {
        return Err(ambiguous());
    }
    let named = named.pop();
    named
        .map(|(meter, told)| Source::new(customer, meter, told))
        .transpose()
}

fn ambiguous() -> Problem {
    Problem::invalid("meter: several have this name; name it by Polar's id")
}

async fn remembered(
    gateway: &Gateway,
    customer: &str,
    wanted: &str,
) -> Result<Option<Source>, Problem> {
    let mut found = Vec::new();
    for account in gateway.store.accounts(customer).await? {
        let meter = meter_of(&account)?;
        if account.meter == wanted || meter.name == wanted {
            found.push(Source {
                meter: Arc::new(meter),
                account,
            });
        }
    }
    if found.len() > 1 {
        return Err(ambiguous());
    }
    Ok(found.pop())
}

/// The definition as it was written down.
pub(super) fn meter_of(account: &Account) -> Result<Meter, Problem> {
    serde_json::from_str(&account.definition).map_err(|error| Problem::internal(&error))
}

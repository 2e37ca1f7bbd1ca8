//! `polarkit keys`: who may call the gateway. A key is shown once; the store keeps its hash.

use std::fmt::Write as _;

use anyhow::anyhow;
use jiff::Timestamp;
use polarkit::license::SigningKey;
use polarkit::{Clock as _, SystemClock};
use polarkit_gateway::{config, keys};
use polarkit_store::{ApiKey, Store};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::json;

use crate::args::Keys;
use crate::command::serve::faulty;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::settings::Settings;

/// A new key may do everything; scopes come when a key is given to less than a server.
const EVERYTHING: [&str; 1] = ["*"];

/// One key as `keys list` shows it.
#[derive(Debug, Serialize)]
struct Line {
    id: String,
    name: String,
    scopes: String,
    created_at: String,
    revoked_at: Option<String>,
}

/// Opens the store, does the chore, closes it; keys of leases are in no store.
pub(super) async fn run(ask: Keys, settings: Settings, printer: &Printer) -> Result<(), Failure> {
    if let Keys::LeaseNew { .. } = ask {
        return lease_new(printer);
    }
    let database =
        config::database_url(&settings.into_values()).map_err(|faults| faulty(&faults))?;
    let store = Store::open(database.expose_secret()).await;
    let store = store.map_err(|error| Failure::remedied(error.remedy(), error))?;
    let done = match ask {
        Keys::Create { name, .. } => create(&store, &name, printer).await,
        Keys::LeaseNew { .. } => Ok(()),
        Keys::List { .. } => list(&store, printer).await,
        Keys::Revoke { id, .. } => revoke(&store, &id, printer).await,
    };
    store.close().await;
    done
}

async fn create(store: &Store, name: &str, printer: &Printer) -> Result<(), Failure> {
    let new = keys::create(store, name, &EVERYTHING, SystemClock.now()).await?;
    let key = new.key.expose_secret();
    printer.answer(&json!({"id": new.id, "key": key}), key)?;
    printer.note("Keep it: it is shown this once.")?;
    Ok(())
}

fn lease_new(printer: &Printer) -> Result<(), Failure> {
    let secret = SigningKey::generate()?;
    let made = SigningKey::parse(&secret)?;
    let (id, public) = (made.id(), made.public_text());
    let key = secret.reveal();
    printer.answer(&json!({"id": id, "key": key, "public": public}), key)?;
    printer.note(format!(
        "Put it first in POLARKIT_LEASE_KEYS; it is shown this once. Its public part is {public}"
    ))?;
    Ok(())
}

async fn list(store: &Store, printer: &Printer) -> Result<(), Failure> {
    let lines: Vec<Line> = store
        .api_keys()
        .await?
        .into_iter()
        .map(Line::from)
        .collect();
    let mut text =
        String::from("ID                                    CREATED               STATE    NAME");
    for line in &lines {
        let state = if line.revoked_at.is_some() {
            "revoked"
        } else {
            "live"
        };
        write!(
            text,
            "\n{:<36}  {:<20}  {state:<7}  {}",
            line.id, line.created_at, line.name
        )?;
    }
    Ok(printer.answer(&lines, text)?)
}

async fn revoke(store: &Store, id: &str, printer: &Printer) -> Result<(), Failure> {
    let now = SystemClock.now().as_microsecond();
    if !store.revoke_api_key(id, now).await? {
        let cause = anyhow!("no living key has the id {id}");
        return Err(Failure::from(cause).hint("`polarkit keys list` shows the ids"));
    }
    Ok(printer.answer(
        &json!({"id": id, "revoked": true}),
        format!("{id} is revoked"),
    )?)
}

impl From<ApiKey> for Line {
    fn from(key: ApiKey) -> Self {
        let time = |micros: i64| {
            let instant = Timestamp::from_microsecond(micros).unwrap_or_default();
            instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
        };
        Self {
            id: key.id,
            name: key.name,
            scopes: key.scopes,
            created_at: time(key.created_at),
            revoked_at: key.revoked_at.map(time),
        }
    }
}

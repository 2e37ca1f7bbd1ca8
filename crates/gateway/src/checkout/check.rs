//! What may be asked for: by whom, for whom, and within which limits.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::{Ask, Order};
use crate::config::Config;
use crate::http::caller::Caller;
use crate::problem::{Code, Problem};

/// Polar's own limits on metadata.
const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_CHARS_MAX: usize = 40;
const METADATA_TEXT_CHARS_MAX: usize = 500;
/// No longer e-mail address can be delivered to.
const EMAIL_CHARS_MAX: usize = 254;

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
        email_address("customer_email", email)?;
    }
    match &ask.success_url {
        Some(asked) => redirect(asked, caller, config)?,
        None => ask.success_url.clone_from(&config.success_url),
    }
    if let Some(metadata) = &ask.metadata {
        metadata_within_limits(metadata)?;
    }
    Ok(Order {
        product,
        ask,
        by_a_user: matches!(caller, Caller::User(_)),
    })
}

/// Whether it looks like an e-mail address; `field` names it otherwise.
pub(crate) fn email_address(field: &str, email: &str) -> Result<(), Problem> {
    let fits = email.len() <= EMAIL_CHARS_MAX
        && email
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        && !email.contains(char::is_whitespace);
    if fits {
        Ok(())
    } else {
        Err(Problem::invalid(format!("{field}: not an e-mail address")))
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

//! Messages for people in a chat channel, instead of payloads for programs.

use serde_json::{Value, json};

use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// Polar's blue, as Discord writes colours.
const BLUE: u32 = 25343;
const FOOTER: &str = "Powered by Polar.sh";

/// Subscriptions change all the time; a channel hears only of changes that matter to people.
pub(super) fn cares(event: &str, data: &Value) -> bool {
    let is = |field: &str, word: &str| data.get(field).and_then(Value::as_str) == Some(word);
    let ending = data.get("cancel_at_period_end") == Some(&Value::Bool(true));
    event != "subscription.updated"
        || ending
        || is("status", "past_due")
        || is("status", "canceled")
        || is("status", "unpaid")
}

/// The body for a Discord channel.
pub(super) fn discord(
    world: &World,
    organization: Id<Organization>,
    event: &str,
    data: &Value,
) -> String {
    let title = title(event);
    let fields: Vec<_> = fields(world, organization, event, data)
        .into_iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    json!({
        "content": title,
        "embeds": [{
            "color": BLUE,
            "author": {"name": "Polar.sh"},
            "footer": {"text": FOOTER},
            "title": title,
            "description": title,
            "fields": fields,
        }],
    })
    .to_string()
}

/// The body for a Slack channel.
pub(super) fn slack(
    world: &World,
    organization: Id<Organization>,
    event: &str,
    data: &Value,
) -> String {
    let title = title(event);
    let fields: Vec<_> = fields(world, organization, event, data)
        .into_iter()
        .map(|(name, value)| json!({"type": "mrkdwn", "text": format!("*{name}*\n{value}")}))
        .collect();
    json!({
        "text": title,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": title}, "fields": fields},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": FOOTER}]},
        ],
    })
    .to_string()
}

fn title(event: &str) -> &str {
    match event {
        "order.created" => "New Order",
        "order.refunded" => "Order Refunded",
        other => other,
    }
}

fn fields(
    world: &World,
    organization: Id<Organization>,
    event: &str,
    data: &Value,
) -> Vec<(&'static str, String)> {
    let text = |pointer: &str| data.pointer(pointer).and_then(Value::as_str);
    let amount = |field: &str| {
        let amount = data.get(field)?.as_i64()?;
        let currency = text("/currency")?.to_uppercase();
        Some(format!("{}.{:02} {currency}", amount / 100, amount % 100))
    };
    let rich = match event.split('.').next() {
        Some("order") => [
            ("Product", text("/product/name").map(str::to_owned)),
            ("Amount", amount("total_amount")),
            ("Customer", text("/customer/email").map(str::to_owned)),
        ],
        Some("subscription") => [
            ("Product", text("/product/name").map(str::to_owned)),
            ("Amount", amount("amount")),
            ("Status", text("/status").map(str::to_owned)),
        ],
        Some("refund") => [
            ("Amount", amount("amount")),
            ("Reason", text("/reason").map(str::to_owned)),
            ("Status", text("/status").map(str::to_owned)),
        ],
        _ => [
            ("Object", text("/id").map(str::to_owned)),
            ("Organization", name(world, organization)),
            ("", None),
        ],
    };
    rich.into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn name(world: &World, organization: Id<Organization>) -> Option<String> {
    world
        .organizations
        .find(organization)
        .map(|row| row.name.clone())
}

//! Messages for people in a chat channel, instead of payloads for programs.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::billing;
use crate::resource::subscription::day;

/// Polar's blue, as Discord writes colours.
const BLUE: u32 = 25343;
const FOOTER: &str = "Powered by Polar.sh";
const ICON: &str = "https://raw.githubusercontent.com/polarsource/polar/2648cf7472b5128704a097cd1eb3ae5f1dd847e5/docs/docs/assets/favicon.png";
const LOGO: &str = "https://raw.githubusercontent.com/polarsource/polar/4fd899222e200ca70982f437039f549b7a822ecc/clients/apps/web/public/email-logo-dark.png";

/// What is told of a subscription: the headline, the title of a card, and its text if it differs from
/// the headline.
const SUBSCRIPTION_NEWS: &[(&str, [&str; 3])] = &[
    (
        "subscription.active",
        ["Subscription is now active.", "Active Subscription", ""],
    ),
    (
        "subscription.paused",
        ["Subscription has been paused.", "Paused Subscription", ""],
    ),
    (
        "subscription.resumed",
        ["Subscription has resumed.", "Resumed Subscription", ""],
    ),
    (
        "subscription.canceled",
        [
            "Subscription has been canceled.",
            "Canceled Subscription",
            "",
        ],
    ),
    (
        "subscription.uncanceled",
        [
            "Subscription has been uncanceled.",
            "Uncanceled Subscription",
            "Subscription has been restored.",
        ],
    ),
    (
        "subscription.revoked",
        ["Subscription has been revoked.", "Revoked Subscription", ""],
    ),
    (
        "subscription.past_due",
        [
            "Subscription payment has failed.",
            "Past Due Subscription",
            "Subscription payment has failed. The customer can still recover by updating their payment method.",
        ],
    ),
];

/// What a channel is told.
#[derive(Debug)]
pub(super) struct News {
    headline: String,
    title: String,
    text: String,
    fields: Vec<(&'static str, String)>,
}

impl News {
    /// The news of an event; none when people would not care: subscriptions change all the time.
    pub(super) fn of(organization: &str, event: &str, data: &Value) -> Option<Self> {
        Some(match event {
            "order.created" | "order.updated" | "order.paid" => Self::card(
                "New Order",
                format!("New order has been made to {organization}."),
                order(data, "Amount", "net_amount"),
            ),
            "order.refunded" => {
                let mut fields = order(data, "Refunded", "refunded_amount");
                if text(data, "/status") == Some("refunded") {
                    fields.push(("Fully Refunded", "Yes".to_owned()));
                }
                let told = format!("Order refunded for {organization}.");
                Self::card("Order Refunded", told, fields)
            }
            "refund.created" => Self::card(
                "Refund Created",
                format!("Refund has been created for {organization}."),
                refund(data),
            ),
            "refund.updated" => Self::card(
                "Refund Updated",
                format!("Refund has been updated for {organization}."),
                refund(data),
            ),
            "subscription.created" => Self::card(
                "New Subscription",
                format!("New subscription has been made to {organization}."),
                subscription(data),
            ),
            "subscription.updated" => return Self::of_change(data),
            other => Self::of_subscription(other, data).unwrap_or_else(|| Self {
                headline: other.to_owned(),
                title: other.to_owned(),
                text: other.to_owned(),
                fields: vec![
                    ("Object", text(data, "/id").unwrap_or_default().to_owned()),
                    ("Organization", organization.to_owned()),
                ],
            }),
        })
    }

    /// The news of a subscription that changed: only of the end of it, or of trouble.
    fn of_change(data: &Value) -> Option<Self> {
        let ends = text(data, "/ends_at").or_else(|| text(data, "/ended_at"));
        match text(data, "/status") {
            Some("canceled" | "unpaid") => Self::of_subscription("subscription.revoked", data),
            Some("past_due") => Self::of_subscription("subscription.past_due", data),
            _ => ends.and_then(|_| Self::of_subscription("subscription.canceled", data)),
        }
    }

    fn of_subscription(event: &str, data: &Value) -> Option<Self> {
        let (_, [headline, title, told]) =
            SUBSCRIPTION_NEWS.iter().find(|(name, _)| *name == event)?;
        let mut fields = subscription(data);
        fields.push(("Status", text(data, "/status")?.to_owned()));
        let ends = text(data, "/ends_at").or_else(|| text(data, "/ended_at"));
        let date = match event {
            "subscription.canceled" => ends.map(|end| ("Ends At", end)),
            "subscription.paused" => text(data, "/resumes_at").map(|date| ("Resumes At", date)),
            _ => None,
        };
        if let Some((name, date)) = date {
            fields.push((name, date.parse::<Timestamp>().map(day).unwrap_or_default()));
        }
        let told = if told.is_empty() { headline } else { told };
        Some(Self {
            headline: (*headline).to_owned(),
            title: (*title).to_owned(),
            text: (*told).to_owned(),
            fields,
        })
    }

    fn card(title: &str, text: String, fields: Vec<(&'static str, String)>) -> Self {
        Self {
            headline: title.to_owned(),
            title: title.to_owned(),
            text,
            fields,
        }
    }

    /// The body for a Discord channel.
    pub(super) fn discord(&self) -> String {
        let fields: Vec<_> = self
            .fields
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        json!({
            "content": self.headline,
            "embeds": [{
                "color": BLUE,
                "author": {"name": "Polar.sh", "icon_url": ICON},
                "thumbnail": {"url": LOGO},
                "footer": {"text": FOOTER},
                "title": self.title,
                "description": self.text,
                "fields": fields,
            }],
        })
        .to_string()
    }

    /// The body for a Slack channel.
    pub(super) fn slack(&self) -> String {
        let fields: Vec<_> = self
            .fields
            .iter()
            .map(|(name, value)| json!({"type": "mrkdwn", "text": format!("*{name}*\n{value}")}))
            .collect();
        json!({
            "text": self.headline,
            "blocks": [
                {
                    "type": "section",
                    "text": {"type": "mrkdwn", "text": self.text},
                    "fields": fields,
                },
                {
                    "type": "context",
                    "elements": [
                        {"type": "image", "image_url": ICON, "alt_text": "Polar"},
                        {"type": "mrkdwn", "text": FOOTER},
                    ],
                },
            ],
        })
        .to_string()
    }
}

fn order(data: &Value, label: &'static str, amount: &str) -> Vec<(&'static str, String)> {
    let product = text(data, "/description").unwrap_or_default().to_owned();
    let mut fields = vec![
        ("Product", product),
        (label, money(data, amount)),
        ("Customer", customer(data)),
    ];
    if data.get("subscription").is_some_and(|row| !row.is_null()) {
        fields.push(("Subscription", "Yes".to_owned()));
    }
    fields
}

fn subscription(data: &Value) -> Vec<(&'static str, String)> {
    let product = text(data, "/product/name").unwrap_or_default().to_owned();
    let amount = if data.get("amount").and_then(Value::as_i64) == Some(0) {
        "Free".to_owned()
    } else {
        let interval = text(data, "/recurring_interval").unwrap_or_default();
        format!("{}/{interval}", money(data, "amount"))
    };
    vec![
        ("Product", product),
        ("Amount", amount),
        ("Customer", customer(data)),
    ]
}

fn refund(data: &Value) -> Vec<(&'static str, String)> {
    let status = text(data, "/status").unwrap_or_default().to_owned();
    vec![("Amount", money(data, "amount")), ("Status", status)]
}

/// The one who buys, as far as there is an address or a name.
fn customer(data: &Value) -> String {
    ["/customer/email", "/customer/name"]
        .iter()
        .filter_map(|pointer| text(data, pointer))
        .find(|said| !said.is_empty())
        .unwrap_or("Team Customer")
        .to_owned()
}

fn money(data: &Value, field: &str) -> String {
    let amount = data.get(field).and_then(Value::as_i64).unwrap_or_default();
    billing::spoken(text(data, "/currency").unwrap_or("usd"), amount)
}

fn text<'v>(data: &'v Value, pointer: &str) -> Option<&'v str> {
    data.pointer(pointer).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription_in(status: &str, ends_at: Option<&str>) -> Value {
        json!({
            "status": status, "ends_at": ends_at, "ended_at": null, "resumes_at": null,
            "amount": 1_234_500, "currency": "usd", "recurring_interval": "month",
            "product": {"name": "Pro"}, "customer": {"email": "ada@example.com", "name": null},
        })
    }

    fn titles(event: &str, data: &Value) -> Option<String> {
        News::of("Acme", event, data).map(|news| news.title)
    }

    #[test]
    fn a_change_of_a_subscription_is_news_when_it_ends_or_is_in_trouble() {
        let end = Some("2027-01-31T10:00:00Z");
        let cases = [
            ("active", None, None),
            ("trialing", None, None),
            ("active", end, Some("Canceled Subscription")),
            ("past_due", None, Some("Past Due Subscription")),
            ("past_due", end, Some("Past Due Subscription")),
            ("canceled", end, Some("Revoked Subscription")),
            ("unpaid", None, Some("Revoked Subscription")),
        ];
        for (status, ends_at, expected) in cases {
            let data = subscription_in(status, ends_at);
            let title = titles("subscription.updated", &data);
            assert_eq!(title.as_deref(), expected, "{status} {ends_at:?}");
        }
    }

    #[test]
    fn a_cancellation_says_when_it_takes_effect() {
        let data = subscription_in("active", Some("2027-01-31T10:00:00Z"));
        let news = News::of("Acme", "subscription.canceled", &data).expect("news");
        let expected = [
            ("Product", "Pro"),
            ("Amount", "$12,345.00/month"),
            ("Customer", "ada@example.com"),
            ("Status", "active"),
            ("Ends At", "Jan 31, 2027"),
        ];
        assert_eq!(
            news.fields,
            expected.map(|(name, value)| (name, value.to_owned()))
        );
        assert_eq!(news.text, "Subscription has been canceled.");
    }

    #[test]
    fn an_order_of_a_team_tells_who_and_what() {
        let data = json!({
            "description": "Pro", "net_amount": 0, "currency": "usd", "subscription": {"id": "1"},
            "customer": {"email": null, "name": null},
        });
        let news = News::of("Acme", "order.created", &data).expect("news");
        let slack: Value = serde_json::from_str(&news.slack()).expect("JSON");
        assert_eq!(slack["text"], "New Order");
        assert_eq!(
            slack["blocks"][0]["text"]["text"],
            "New order has been made to Acme."
        );
        let said: Vec<_> = slack["blocks"][0]["fields"]
            .as_array()
            .expect("fields")
            .iter()
            .filter_map(|field| field["text"].as_str())
            .collect();
        let expected = [
            "*Product*\nPro",
            "*Amount*\n$0.00",
            "*Customer*\nTeam Customer",
            "*Subscription*\nYes",
        ];
        assert_eq!(said, expected);
        assert_eq!(slack["blocks"][1]["elements"][0]["alt_text"], "Polar");
    }

    #[test]
    fn anything_else_is_told_by_its_name() {
        let news = News::of("Acme", "product.created", &json!({"id": "7"})).expect("news");
        let discord: Value = serde_json::from_str(&news.discord()).expect("JSON");
        assert_eq!(discord["content"], "product.created");
        assert_eq!(
            discord["embeds"][0]["fields"],
            json!([{"name": "Object", "value": "7"}, {"name": "Organization", "value": "Acme"}])
        );
    }
}

//! What an endpoint that is subscribed to everything hears of each story, in order, with the status that
//! each announcement shows.

mod buying;
mod catalogue;
mod changing;
mod ending;
mod frozen;
mod people;
mod renewing;
mod story;

use serde_json::Value;

use story::{Act, Plan, Story};

/// What is on sale, what came before, what happens now, and what is told of it.
type Row = (
    &'static str,
    Plan,
    &'static [Act],
    Act,
    &'static [&'static str],
);

const VISA: &str = "pm_card_visa";
/// Works once, is declined ever after.
const FADING: &str = "pm_card_chargeCustomerFail";

/// Plays every row and compares all of them before it complains.
async fn tell(rows: &[Row]) {
    let mut wrong = Vec::new();
    for (name, plan, before, act, wanted) in rows {
        let all: Vec<_> = before.iter().copied().chain([*act]).collect();
        let mut story = Story::begin(*plan, &all).await;
        for act in *before {
            story.play(*act).await;
        }
        let seen = story.stall.announced().await.len();
        story.play(*act).await;
        let heard: Vec<_> = story.stall.announced().await[seen..]
            .iter()
            .map(line)
            .collect();
        if heard != *wanted {
            let (heard, wanted) = (heard.join("\n  "), wanted.join("\n  "));
            wrong.push(format!("{name}:\n  {heard}\ninstead of\n  {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// An announcement, and how what it is about stands: its status; for a new order, why it was written.
fn line((kind, data): &(String, Value)) -> String {
    let about = match kind.split_once('.') {
        Some(("order", "created")) => &["status", "billing_reason"][..],
        Some(("checkout" | "customer_seat" | "order" | "refund" | "subscription", _)) => {
            &["status"]
        }
        _ => &[],
    };
    let words = about.iter().filter_map(|name| data[name].as_str());
    [kind.as_str()]
        .into_iter()
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

//! Webhook events: one enum over all types.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::{HEADER, names::variant_name, plan::Plan};

/// How the enum is met, under its doc comment.
const EXAMPLE: &str = r##"///
/// ```
/// use polarkit_model::{read, webhook::{Event, Payload}};
///
/// let body = br#"{"type": "order.paid", "timestamp": "2026-01-01T00:00:00Z", "data": {}}"#;
/// match read::from_slice::<Payload>(body).map(|payload| payload.event) {
///     Ok(Event::OrderPaid(order)) => println!("{} paid {}", order.customer_id, order.total()),
///     Ok(other) => println!("{}, which is no matter here", other.kind()),
///     Err(error) => assert_eq!(error.to_string(), "missing at `data.id`"),
/// }
/// ```
///
/// [Polar's reference](https://polar.sh/docs/api-reference/webhooks/order.paid), a page per type.
"##;

pub(super) fn emit(plan: &Plan<'_>) -> Result<String> {
    let mut imports = BTreeSet::new();
    let (mut arms, mut kinds, mut reads) = (String::new(), String::new(), String::new());
    for event in &plan.types.facts.events {
        let data = plan.types.of_reference(&event.data)?.render(&mut imports);
        let (kind, variant) = (&event.kind, variant_name(&event.kind));
        let words = plan.types.overrides.event_docs.get(kind);
        let words = words.map(|words| format!(": {words}")).unwrap_or_default();
        arms.push_str(&format!("/// `{kind}`{words}\n{variant}(Box<{data}>),\n"));
        kinds.push_str(&format!("Self::{variant}(_) => {kind:?},\n"));
        reads.push_str(&format!("{kind:?} => Self::{variant}(Read::read(data)),\n"));
    }
    let imports = imports.into_iter().collect::<Vec<_>>().join(", ");
    Ok(format!(
        "//! Webhook events.\n{HEADER}
use serde_json::Value;
use crate::{{{imports}, read::{{Node, Read}}}};

/// What happened, with the object it happened to, as it stood then.
{EXAMPLE}#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {{
{arms}/// A type newer than this build, with its data as it came.
Unrecognized {{
    /// The type.
    kind: String,
    /// The data.
    data: Value,
}},
}}

impl Event {{
    /// The type, such as `order.paid`.
    #[inline]
    pub fn kind(&self) -> &str {{
        match self {{
            {kinds}Self::Unrecognized {{ kind, .. }} => kind,
        }}
    }}

    /// Reads the data of an event of that type.
    #[inline]
    pub(crate) fn read(kind: &str, data: &Node<'_>) -> Self {{
        match kind {{
            {reads}_ => Self::Unrecognized {{
                kind: kind.to_owned(),
                data: data.to_value(),
            }},
        }}
    }}
}}
"
    ))
}

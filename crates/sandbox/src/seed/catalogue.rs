//! What Acme sells, set up through the very operations a seller would call.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::call::{Call, Caller};
use crate::failure::Failure;
use crate::operations;
use crate::query::Query;
use crate::reply::Reply;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// Adds a free product, a one-time one, a plan with benefits, and a plan that is billed by use.
pub(super) fn fill(world: &mut World, organization: Id<Organization>) -> Result<(), Failure> {
    let mut seller = Seller {
        world,
        organization,
    };
    seller.product("Free", "For a first look", None, &[fixed(0)])?;
    seller.product(
        "Handbook",
        "Bought once, yours for good",
        None,
        &[fixed(2900)],
    )?;

    let key = json!({"prefix": "ACME", "activations": {"limit": 3, "enable_customer_admin": true}});
    let key = seller.benefit("license_keys", "Licence key", &key, &json!({}))?;
    let flag = json!({"flag": "pro"});
    let flag = seller.benefit("feature_flag", "Pro features", &json!({}), &flag)?;
    let note = json!({"note": "Write to pro@acme.example: we answer within a day."});
    let support = seller.benefit("custom", "Priority support", &note, &json!({}))?;
    let pro = seller.product(
        "Pro",
        "Everything, every month",
        Some("month"),
        &[fixed(1900)],
    )?;
    seller.attach(&pro, &[key, flag, support])?;

    let meter = seller.create(
        "meters:create",
        json!({
            "name": "API calls",
            "filter": {
                "conjunction": "and",
                "clauses": [{"property": "name", "operator": "eq", "value": "api_call"}],
            },
            "aggregation": {"func": "sum", "property": "units"},
        }),
    )?;
    let credits = json!({"meter_id": meter, "units": 1000, "rollover": false});
    let credits = seller.benefit("meter_credit", "1,000 API calls", &credits, &json!({}))?;
    let by_use = json!({
        "amount_type": "metered_unit",
        "price_currency": "usd",
        "meter_id": meter,
        "unit_amount": "2",
    });
    let metered = seller.product("Metered", "Pay for what you use", Some("month"), &[by_use])?;
    seller.attach(&metered, &[credits])
}

fn fixed(amount: i64) -> Value {
    json!({"amount_type": "fixed", "price_currency": "usd", "price_amount": amount})
}

/// The organization at work.
struct Seller<'w> {
    world: &'w mut World,
    organization: Id<Organization>,
}

impl Seller<'_> {
    fn product(
        &mut self,
        name: &str,
        description: &str,
        interval: Option<&str>,
        prices: &[Value],
    ) -> Result<Value, Failure> {
        let mut body = json!({"name": name, "description": description, "prices": prices});
        if let (Some(interval), Some(body)) = (interval, body.as_object_mut()) {
            body.insert("recurring_interval".to_owned(), interval.into());
        }
        self.create("products:create", body)
    }

    fn benefit(
        &mut self,
        kind: &str,
        description: &str,
        properties: &Value,
        metadata: &Value,
    ) -> Result<Value, Failure> {
        let body = json!({
            "type": kind,
            "description": description,
            "properties": properties,
            "metadata": metadata,
        });
        self.create("benefits:create", body)
    }

    fn attach(&mut self, product: &Value, benefits: &[Value]) -> Result<(), Failure> {
        let id = product.as_str().unwrap_or_default();
        let body = json!({"benefits": benefits});
        self.call("products:update_benefits", [("id", id)], body)
            .map(drop)
    }

    /// Creates a row and gives its id.
    fn create(&mut self, operation: &str, body: Value) -> Result<Value, Failure> {
        let made = self.call(operation, [], body)?;
        made.get("id").cloned().ok_or_else(Failure::not_found)
    }

    fn call<const N: usize>(
        &mut self,
        operation: &str,
        path: [(&str, &str); N],
        body: Value,
    ) -> Result<Value, Failure> {
        let path = path.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let call = Call {
            caller: Caller::Organization(self.organization),
            path: BTreeMap::from(path),
            query: Query::default(),
            body,
        };
        match operations::run(self.world, operation, &call)? {
            Reply::Json(made) => Ok(made.value()),
            Reply::Empty | Reply::Redirect(_) | Reply::Watch(_) | Reply::File { .. } => {
                Ok(Value::Null)
            }
        }
    }
}

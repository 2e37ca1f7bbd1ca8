//! One page of a list, as it came.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Trouble;
use super::table::{Filter, SEATS, Table};
use crate::gateway::Gateway;
use crate::inbox::news::News;
use crate::license::KeyHash;
use crate::upstream::Answer;
use polarkit_store::Object;

/// Objects asked for at once: Polar's largest page.
const LIMIT: usize = 100;

/// What a page came to.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) objects: Vec<Object>,
    /// What could not be read, and why.
    pub(super) unreadable: Vec<String>,
    /// Whether there is another after it.
    pub(super) more: bool,
    /// How many objects the list has.
    pub(super) total: i64,
    /// A moment not after Polar looked, µs of Polar's time.
    pub(super) at: i64,
}

#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    pagination: Pagination,
}

#[derive(Deserialize)]
struct Pagination {
    #[serde(default)]
    total_count: i64,
    #[serde(default)]
    max_page: i64,
}

/// Reads one page, of one customer's objects if told so.
pub(super) async fn read(
    gateway: &Gateway,
    table: &'static Table,
    number: i64,
    customer: Option<&str>,
) -> Result<Page, Trouble> {
    let mut query = vec![("page", number.to_string()), ("limit", LIMIT.to_string())];
    query.extend(table.sorting.map(|word| ("sorting", word.to_owned())));
    if table.is_by(Filter::Organization) {
        query.push(("organization_id", gateway.polar.organization()));
    }
    query.extend(customer.map(|id| ("customer_id", id.to_owned())));
    let answer = ask(gateway, table.path, &query).await?;
    let listed: Listed<'_> = serde_json::from_slice(&answer.body)?;
    let mut page = gather(table, &listed.items, answer.at);
    page.more = !listed.items.is_empty() && number < listed.pagination.max_page;
    page.total = listed.pagination.total_count;
    Ok(page)
}

/// Reads the seats bought with a subscription or an order.
pub(super) async fn seats(
    gateway: &Gateway,
    bought_with: &'static str,
    id: &str,
) -> Result<Page, Trouble> {
    #[derive(Deserialize)]
    struct Seats<'a> {
        #[serde(borrow)]
        seats: Vec<&'a RawValue>,
    }
    let answer = ask(gateway, SEATS.path, &[(bought_with, id.to_owned())]).await?;
    let listed: Seats<'_> = serde_json::from_slice(&answer.body)?;
    Ok(gather(&SEATS, &listed.seats, answer.at))
}

/// Makes a request when its turn has come.
pub(super) async fn ask(
    gateway: &Gateway,
    path: &str,
    query: &[(&str, String)],
) -> Result<Answer, Trouble> {
    gateway.reconcile.budget.turn(&gateway.shared).await;
    gateway.metrics.reconcile_request();
    Ok(gateway.polar.read(path, query).await?)
}

fn gather(table: &'static Table, items: &[&RawValue], at: i64) -> Page {
    let mut page = Page {
        objects: Vec::with_capacity(items.len()),
        unreadable: Vec::new(),
        more: false,
        total: 0,
        at,
    };
    for item in items {
        match object(table, item, at) {
            Ok(objects) => page.objects.extend(objects),
            Err(trouble) => page.unreadable.push(crate::problem::chain(&trouble)),
        }
    }
    page
}

/// One object for the mirror.
pub(super) fn object(
    table: &'static Table,
    item: &RawValue,
    at: i64,
) -> Result<Vec<Object>, Trouble> {
    if table.kind == "license_key" {
        let masked = masked(item)?;
        return Ok(News::of_object(table.kind, &masked, at)?.objects);
    }
    Ok(News::of_object(table.kind, item, at)?.objects)
}

/// A licence key's own text opens what it was sold for: the mirror keeps what lists show of it, and the
/// key's hash in its place.
fn masked(item: &RawValue) -> Result<Box<RawValue>, Trouble> {
    let mut object: Map<String, Value> = serde_json::from_str(item.get())?;
    object.remove("activations");
    if let Some(Value::String(key)) = object.remove("key") {
        let hash = KeyHash::of(&key).to_string();
        object.insert("key_hash".to_owned(), Value::String(hash));
    }
    Ok(serde_json::value::to_raw_value(&object)?)
}

//! Who is to be told of what.

use std::collections::BTreeMap;

use polarkit_store::{Error, Notice, Subscriber, Tx};

use super::filter::{Filter, Subject};
use super::lists;

/// Everyone who may have to be told, as one transaction sees them.
#[derive(Debug)]
pub(crate) struct Audience(Vec<(String, Filter)>);

impl Audience {
    pub(crate) async fn read(tx: &mut Tx) -> Result<Self, Error> {
        let all = tx.subscribers().await?;
        let wish = |one: Subscriber| (one.id.clone(), lists(&one));
        Ok(Self(all.into_iter().map(wish).collect()))
    }

    /// Tells each of these to those who want it. Disabled subscribers are told when they are
    /// enabled again.
    pub(crate) async fn tell(
        &self,
        tx: &mut Tx,
        mut notices: Vec<Notice>,
        now: i64,
    ) -> Result<(), Error> {
        let mut names = BTreeMap::new();
        let by_customer = self.0.iter().any(|(_, wish)| !wish.customers.is_empty());
        for notice in &mut notices {
            let external_id = match names.get(&notice.customer) {
                Some(known) => Option::clone(known),
                None if by_customer && !notice.customer.is_empty() => {
                    let name = tx.external_id(&notice.customer).await?;
                    names.insert(notice.customer.clone(), name.clone());
                    name
                }
                None => None,
            };
            notice.to = self.wanting(notice, external_id.as_deref());
        }
        tx.tell(&notices, now).await
    }

    fn wanting(&self, notice: &Notice, external_id: Option<&str>) -> Vec<String> {
        let products: Vec<String> = serde_json::from_str(&notice.products).unwrap_or_default();
        let subject = Subject {
            kind: &notice.kind,
            customer: &notice.customer,
            external_id,
            products: &products,
        };
        let wanting = self.0.iter().filter(|(_, wish)| wish.admits(&subject));
        wanting.map(|(id, _)| id.clone()).collect()
    }
}

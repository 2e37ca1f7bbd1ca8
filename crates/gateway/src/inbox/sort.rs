//! From the intake into the inbox: what came is looked into, each id is taken once, and what can be
//! projected is handed on, all in one transaction.

use polarkit_store::{Arrival, Error, Fate, Mail, Tx, Waiting};

use super::Glance;
use super::news::News;
use crate::gateway::Gateway;
use crate::problem::chain;

/// A delivery that was read.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) mail: Waiting,
    pub(crate) news: News,
}

/// Takes the oldest deliveries out of the intake; gives those to be projected now, and says whether
/// there were any at all.
pub(super) async fn sort(
    tx: &mut Tx,
    gateway: &Gateway,
    limit: i64,
    now: i64,
) -> Result<(Vec<Letter>, bool), Error> {
    let mails = gateway.store.intake_take(tx, limit).await?;
    if mails.is_empty() {
        return Ok((Vec::new(), false));
    }
    let mut sorted: Vec<Sorted<'_>> = mails.iter().map(Sorted::read).collect();
    let held = tx.inbox_held().await?;
    for one in &mut sorted {
        one.waits = held.contains(&one.glance.customer);
    }
    let arrivals: Vec<Arrival<'_>> = sorted.iter().map(Sorted::arrival).collect();
    let mut fresh = tx.inbox_add(&arrivals, now).await?;
    let mut letters = Vec::with_capacity(sorted.len());
    for one in sorted {
        // Taking it out: the second of one id in these is no second delivery.
        if fresh.remove(&one.mail.webhook_id) {
            letters.extend(one.letter(gateway));
        } else {
            tracing::info!(id = one.mail.webhook_id, "webhook came again");
        }
    }
    Ok((letters, true))
}

/// The same, but nothing is projected yet: each is to be tried alone.
pub(super) async fn put_by(
    tx: &mut Tx,
    gateway: &Gateway,
    limit: i64,
    now: i64,
) -> Result<(), Error> {
    let mails = gateway.store.intake_take(tx, limit).await?;
    let sorted: Vec<Sorted<'_>> = mails.iter().map(Sorted::read).collect();
    let arrivals = sorted.iter().map(|one| Arrival {
        fate: Fate::Pending,
        ..one.arrival()
    });
    tx.inbox_add(&arrivals.collect::<Vec<_>>(), now)
        .await
        .map(drop)
}

/// A delivery with what it says.
struct Sorted<'a> {
    mail: &'a Mail,
    glance: Glance,
    /// The event, or why it can't be read: no retry will help.
    news: Result<News, String>,
    /// An earlier delivery of its customer failed and comes first.
    waits: bool,
}

impl<'a> Sorted<'a> {
    fn read(mail: &'a Mail) -> Self {
        Self {
            mail,
            glance: Glance::at(&mail.body),
            news: News::read(&mail.body).map_err(|error| chain(&error)),
            waits: false,
        }
    }

    fn arrival(&self) -> Arrival<'_> {
        Arrival {
            mail: self.mail,
            kind: &self.glance.kind,
            customer: &self.glance.customer,
            fate: match &self.news {
                Err(reason) => Fate::Dead(reason),
                Ok(_) if self.waits => Fate::Pending,
                Ok(_) => Fate::Done,
            },
        }
    }

    fn letter(self, gateway: &Gateway) -> Option<Letter> {
        match self.news {
            Ok(news) => (!self.waits).then(|| Letter {
                mail: Waiting {
                    webhook_id: self.mail.webhook_id.clone(),
                    received_at: self.mail.received_at,
                    customer: self.glance.customer,
                    tries: 0,
                    body: self.mail.body.clone(),
                },
                news,
            }),
            Err(reason) => {
                dead(gateway, &self.mail.webhook_id, &reason);
                None
            }
        }
    }
}

/// Says that a delivery can't be read.
pub(super) fn dead(gateway: &Gateway, webhook_id: &str, reason: &str) {
    tracing::error!(id = webhook_id, %reason, "webhook is a dead letter");
    gateway.metrics.webhook("", "dead");
}

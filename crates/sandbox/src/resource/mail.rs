//! Mail to customers. Nothing is sent: what would have been is kept for whoever tests what it leads to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::render;
use crate::world::{Id, World, found_by};

/// So many letters are kept; older ones go.
const KEPT: usize = 1_000;

/// One letter.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Mail {
    id: Id<Self>,
    at: Timestamp,
    to: String,
    subject: String,
    secret: String,
}

found_by!(Mail:);

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail")
            .field("at", &self.at)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// A letter to write.
pub(crate) struct NewMail {
    pub(crate) to: String,
    pub(crate) subject: String,
    /// What only its reader knows: a code to type in, or the token of a link.
    pub(crate) secret: String,
}

/// Puts a letter into the box.
pub(crate) fn send(world: &mut World, new: NewMail) {
    let (id, at) = (world.chance.id(), world.stamp());
    let row = Mail {
        id,
        at,
        to: new.to,
        subject: new.subject,
        secret: new.secret,
    };
    world.mails.insert(id, row);
    let oldest = world.mails.iter().next().map(|mail| mail.id);
    if world.mails.len() > KEPT
        && let Some(oldest) = oldest
    {
        world.mails.remove(oldest);
    }
}

/// All letters to `to`, or to everybody, newest first.
pub(crate) fn list(world: &World, to: Option<&str>) -> Value {
    let letters = world.mails.iter().rev();
    let letters = letters.filter(|mail| to.is_none_or(|to| mail.to.eq_ignore_ascii_case(to)));
    let items: Vec<_> = letters
        .map(|mail| {
            json!({
                "at": render::time(mail.at),
                "to": mail.to,
                "subject": mail.subject,
                "secret": mail.secret,
            })
        })
        .collect();
    json!({"items": items})
}

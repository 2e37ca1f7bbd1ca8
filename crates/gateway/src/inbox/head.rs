//! What every object of Polar's has: its id, whose it is, when it last changed.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

/// The head of one object.
#[derive(Debug, Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    created_at: Timestamp,
    modified_at: Option<Timestamp>,
    /// When it last changed: the version it tells.
    #[serde(skip)]
    pub(super) changed_at: Timestamp,
    #[serde(borrow, default)]
    pub(super) customer_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) external_id: Option<Cow<'a, str>>,
}

/// What a seat says beside: once it is taken back it names no customer, only whose member sat there.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Seat<'a> {
    #[serde(borrow)]
    member: Option<Member<'a>>,
    claimed_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Member<'a> {
    #[serde(borrow)]
    customer_id: Option<Cow<'a, str>>,
}

impl<'a> Head<'a> {
    /// The head of an object of this kind.
    pub(super) fn read(kind: &str, json: &'a str) -> Result<Self, serde_json::Error> {
        let mut head: Self = serde_json::from_str(json)?;
        head.changed_at = head.modified_at.unwrap_or(head.created_at);
        if kind == "customer_seat" {
            head.seat(serde_json::from_str(json).unwrap_or_default());
        }
        Ok(head)
    }

    /// Claiming and taking back are changes, whether or not the seat says that it was modified.
    fn seat(&mut self, seat: Seat<'a>) {
        let moments = [seat.claimed_at, seat.revoked_at].into_iter().flatten();
        self.changed_at = moments.fold(self.changed_at, Timestamp::max);
        let of_member = seat.member.and_then(|member| member.customer_id);
        self.customer_id = self.customer_id.take().or(of_member);
    }
}

/// Of an event about a seat that names no customer, whose member it names.
pub(super) fn of_member(body: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        data: Seat<'a>,
    }
    let event: Event<'_> = serde_json::from_slice(body).ok()?;
    event.data.member?.customer_id
}

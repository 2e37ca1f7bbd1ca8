//! One delivery in a file: its length, a checksum, its number, and what came. Little-endian.

use bytes::{Buf as _, BufMut as _, Bytes};

use crate::intake::Mail;

/// Length and checksum.
pub(super) const HEAD: usize = 8;
/// More than any delivery: whatever claims to be longer is damaged.
const RECORD_MAX: usize = 4 << 20;

/// A delivery and where it stands in the line.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) number: i64,
    pub(super) mail: Mail,
}

/// Appends a delivery to what is going to be written.
pub(super) fn write(into: &mut Vec<u8>, number: i64, mail: &Mail) {
    let start = into.len();
    into.put_bytes(0, HEAD);
    into.put_i64_le(number);
    into.put_i64_le(mail.received_at);
    into.put_i64_le(mail.sent_at);
    for text in [&mail.webhook_id, &mail.verified_by, &mail.headers] {
        into.put_u32_le(length(text.len()));
        into.put_slice(text.as_bytes());
    }
    into.put_slice(&mail.body);
    let Some((mut head, payload)) = into
        .get_mut(start..)
        .and_then(|record| record.split_at_mut_checked(HEAD))
    else {
        return; // there is a head: it was put above
    };
    head.put_u32_le(length(payload.len()));
    head.put_u32_le(crc32fast::hash(payload));
}

/// What a head says: how long the rest is and its checksum; none when no record is so long.
pub(super) fn head(mut bytes: &[u8]) -> Option<(usize, u32)> {
    let length = usize::try_from(bytes.get_u32_le()).ok()?;
    (length <= RECORD_MAX).then(|| (length, bytes.get_u32_le()))
}

/// Reads what follows the head; none when it is not what was written.
pub(super) fn read(payload: Vec<u8>, checksum: u32) -> Option<Record> {
    if crc32fast::hash(&payload) != checksum {
        return None;
    }
    let mut rest = Bytes::from(payload);
    let number = rest.try_get_i64_le().ok()?;
    let received_at = rest.try_get_i64_le().ok()?;
    let sent_at = rest.try_get_i64_le().ok()?;
    let webhook_id = text(&mut rest)?;
    let verified_by = text(&mut rest)?;
    let headers = text(&mut rest)?;
    let mail = Mail {
        received_at,
        webhook_id,
        sent_at,
        verified_by,
        headers,
        body: rest,
    };
    Some(Record { number, mail })
}

fn text(rest: &mut Bytes) -> Option<String> {
    let length = usize::try_from(rest.try_get_u32_le().ok()?).ok()?;
    let bytes = (length <= rest.len()).then(|| rest.split_to(length))?;
    String::from_utf8(bytes.into()).ok()
}

/// Far below 4 GiB: see [`RECORD_MAX`].
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

//! The three headers a delivery is signed with.

use std::str;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use polarkit_model::Timestamp;

use super::VerifyError;

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// Polar's are far shorter.
const HEADER_BYTES_MAX: usize = 2_048;

/// A header may carry several signatures while secrets rotate; nobody needs more than these.
const SIGNATURES_MAX: usize = 16;

/// A delivery's headers, as text that nobody has judged yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers<'a> {
    /// `webhook-id`: the same in every attempt, so that a repetition is known by it.
    pub id: &'a str,
    /// `webhook-timestamp`: when this attempt was made, in whole seconds since 1970.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or several, separated by spaces.
    pub signature: &'a str,
}

impl<'a> Headers<'a> {
    /// Finds them among a request's headers, in whatever case their names are written.
    ///
    /// Takes a reference to a header map of any `http` crate, the `iter()` of a map of strings, or
    /// pairs of your own. A header that comes twice with two values is malformed: whoever reads the
    /// other one would act on what was never verified.
    ///
    /// ```
    /// # use polarkit::webhooks::Headers;
    /// let mut map = http::HeaderMap::new();
    /// map.insert("webhook-id", "msg_1".parse()?);
    /// map.insert("webhook-timestamp", "1767225600".parse()?);
    /// map.insert("webhook-signature", "v1,ELJJHmg=".parse()?);
    /// let headers = Headers::from_pairs(&map)?;
    /// assert_eq!(headers.id, "msg_1");
    ///
    /// let pairs = [("Webhook-Id", "msg_1"), ("WEBHOOK-TIMESTAMP", "1767225600"), ("webhook-signature", "v1,ELJJHmg=")];
    /// assert_eq!(Headers::from_pairs(pairs)?, headers);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_pairs<N, V>(
        pairs: impl IntoIterator<Item = (&'a N, &'a V)>,
    ) -> Result<Self, VerifyError>
    where
        N: AsRef<str> + ?Sized + 'a,
        V: AsRef<[u8]> + ?Sized + 'a,
    {
        let (mut id, mut timestamp, mut signature) = (None, None, None);
        for (name, value) in pairs {
            let (name, value) = (name.as_ref(), value.as_ref());
            for (wanted, found) in [
                (ID, &mut id),
                (TIMESTAMP, &mut timestamp),
                (SIGNATURE, &mut signature),
            ] {
                if name.eq_ignore_ascii_case(wanted) && *found.get_or_insert(value) != value {
                    return Err(VerifyError::MalformedHeader { name: wanted });
                }
            }
        }
        Ok(Self {
            id: text(ID, id)?,
            timestamp: text(TIMESTAMP, timestamp)?,
            signature: text(SIGNATURE, signature)?,
        })
    }

    /// Finds them by a lookup of your own, which is asked for their lower-case names.
    pub fn find(get: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, VerifyError> {
        let header = |name| get(name).ok_or(VerifyError::MissingHeader { name });
        Ok(Self {
            id: header(ID)?,
            timestamp: header(TIMESTAMP)?,
            signature: header(SIGNATURE)?,
        })
    }

    /// Whether they are such as could be verified: worth asking before a body is read.
    pub fn well_formed(&self) -> Result<(), VerifyError> {
        self.stamp().map(drop)
    }

    /// What they say.
    pub(super) fn stamp(&self) -> Result<Stamp, VerifyError> {
        let malformed = |name| VerifyError::MalformedHeader { name };
        let unusable = |value: &str| value.trim().is_empty() || value.len() > HEADER_BYTES_MAX;
        // What is signed is joined by dots: with one in here, a part of an old body could pass for
        // a newer time.
        if unusable(self.id) || self.id.contains('.') {
            return Err(malformed(ID));
        }
        if unusable(self.signature) {
            return Err(malformed(SIGNATURE));
        }
        Ok(Stamp {
            timestamp: timestamp(self.timestamp).ok_or(malformed(TIMESTAMP))?,
            signatures: signatures(self.signature).ok_or(malformed(SIGNATURE))?,
        })
    }
}

/// When a delivery says it was sent, and by whose signatures it would prove that.
pub(super) struct Stamp {
    pub(super) timestamp: Timestamp,
    pub(super) signatures: Vec<Vec<u8>>,
}

fn text<'a>(name: &'static str, value: Option<&'a [u8]>) -> Result<&'a str, VerifyError> {
    let value = value.ok_or(VerifyError::MissingHeader { name })?;
    str::from_utf8(value).map_err(|_not_text| VerifyError::MalformedHeader { name })
}

fn timestamp(header: &str) -> Option<Timestamp> {
    Timestamp::from_second(header.parse().ok()?).ok()
}

/// The `v1` signatures of a header, if any. Other versions are somebody else's.
fn signatures(header: &str) -> Option<Vec<Vec<u8>>> {
    let found: Vec<_> = header
        .split_ascii_whitespace()
        .filter_map(|entry| entry.strip_prefix("v1,"))
        .filter_map(|signature| STANDARD.decode(signature).ok())
        .filter(|signature| !signature.is_empty())
        .take(SIGNATURES_MAX)
        .collect();
    (!found.is_empty()).then_some(found)
}

//! A file of the seller's: announced, uploaded part by part, then sold, or shown with a product.

pub(crate) mod address;
mod blob;
mod complete;
mod create;
mod delete;
mod list;
mod part;
mod render;
mod update;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use part::{FilePart, Refusal, Summed, bytes, take};
pub(crate) use render::{render, render_download};

use crate::call::{Call, Handler};
use crate::failure::Failure;
use crate::render::plain;
use crate::resource::organization::Organization;
use crate::world::{Id, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("files:list", list::handle),
    ("files:create", create::handle),
    ("files:uploaded", complete::handle),
    ("files:update", update::handle),
    ("files:delete", delete::handle),
];

/// The most one file may weigh here: everything is kept in memory.
pub(crate) const FILE_BYTES_MAX: i64 = 100 * 1024 * 1024;

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) service: Service,
    pub(crate) name: String,
    /// Where it lies: its service, its organization, a name of its own, then `name` as it was.
    pub(crate) path: String,
    pub(crate) mime_type: String,
    /// As the seller announced it, in bytes.
    pub(crate) size: i64,
    /// Of all its bytes, as the seller announced it.
    pub(crate) sha256: Option<Digest>,
    pub(crate) version: Option<String>,
    pub(crate) upload: Upload,
    /// What is known of it since all of it is there.
    pub(crate) stored: Option<Stored>,
}

found_by!(File: organization);

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Service {
    /// Sold by a benefit; only buyers get it.
    Downloadable,
    /// A picture of a product, for everybody.
    ProductMedia,
    /// A picture of the seller, for everybody.
    OrganizationAvatar,
    /// Part of a conversation with Polar: it stays what it is, and is listed nowhere.
    SupportCaseAttachment,
}

plain!(Service);

impl Service {
    const fn word(self) -> &'static str {
        match self {
            Self::Downloadable => "downloadable",
            Self::ProductMedia => "product_media",
            Self::OrganizationAvatar => "organization_avatar",
            Self::SupportCaseAttachment => "support_case_attachment",
        }
    }

    /// Whether anybody may fetch it.
    pub(crate) const fn is_public(self) -> bool {
        matches!(self, Self::ProductMedia | Self::OrganizationAvatar)
    }
}

/// How its parts come in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    /// Whoever knows it may upload until then.
    pub(crate) id: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) parts: Vec<Announced>,
}

/// A part that is to come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Announced {
    pub(crate) number: i64,
    pub(crate) chunk_start: i64,
    pub(crate) chunk_end: i64,
    #[serde(default, rename = "checksum_sha256_base64")]
    pub(crate) sha256: Option<Digest>,
}

/// What storage says of a file that is whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) etag: String,
    pub(crate) version: String,
    pub(crate) at: Timestamp,
    /// The parts it is made of, in order.
    pub(crate) parts: Vec<Id<FilePart>>,
}

/// A SHA-256, in Base64 as the API has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest(String);

impl File {
    /// True once all of it is there and as long as it is.
    pub(crate) const fn is_live(&self) -> bool {
        self.stored.is_some() && self.deleted_at.is_none()
    }
}

/// The file in the path, if it is the caller's and not deleted.
fn own<'w>(world: &'w World, call: &Call) -> Result<&'w File, Failure> {
    let organization = call.organization()?;
    let file = world.files.get(call.id("id")?)?;
    if file.organization != organization || file.deleted_at.is_some() {
        return Err(Failure::not_found());
    }
    Ok(file)
}

/// The same, if it may be changed.
fn own_mutable<'w>(world: &'w World, call: &Call) -> Result<&'w File, Failure> {
    let file = own(world, call)?;
    if file.service == Service::SupportCaseAttachment {
        return Err(Failure::named(
            403,
            "NotPermitted",
            "Support case attachments cannot be modified or deleted through the files API.",
        ));
    }
    Ok(file)
}

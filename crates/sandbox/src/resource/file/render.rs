//! A file on the wire.

use rust_decimal::Decimal;

use super::{Digest, File, Service, address};
use crate::render::{Json, object};
use crate::world::World;

/// The file as its seller sees it; what is public, with its address.
pub(crate) fn render(world: &World, file: &File) -> Json {
    let known = object!({..bare(file), "created_at": file.created_at});
    match file.service {
        // Nobody looks for malice here.
        Service::Downloadable => object!({..known, "flagged_malicious_at": None::<bool>}),
        Service::ProductMedia | Service::OrganizationAvatar => {
            object!({..known, "public_url": address::of_public(world, file)})
        }
        Service::SupportCaseAttachment => known,
    }
}

/// The file with an address to fetch it from.
pub(crate) fn render_download(file: &File, url: &str, until: jiff::Timestamp) -> Json {
    object!({
        ..bare(file),
        "created_at": file.created_at,
        "download": object!({"url": url, "headers": serde_json::json!({}), "expires_at": until}),
    })
}

/// What every form of it tells.
pub(super) fn bare(file: &File) -> Json {
    let stored = file.stored.as_ref();
    object!({
        "id": file.id,
        "organization_id": file.organization,
        "name": file.name,
        "path": file.path,
        "mime_type": file.mime_type,
        "size": file.size,
        "storage_version": stored.map(|stored| stored.version.as_str()),
        "checksum_etag": stored.map(|stored| stored.etag.as_str()),
        "checksum_sha256_base64": file.sha256.as_ref().map(Digest::text),
        "checksum_sha256_hex": file.sha256.as_ref().map(Digest::hex),
        "last_modified_at": stored.map(|stored| stored.at),
        "version": file.version,
        "service": file.service,
        "is_uploaded": file.stored.is_some(),
        "size_readable": readable(file.size),
    })
}

/// A size for people: `12.0 B`, `1.5 KB`.
fn readable(bytes: i64) -> String {
    let (mut size, step) = (Decimal::from(bytes), Decimal::from(1024));
    for unit in ["B", "KB", "MB", "GB", "TB"] {
        if size < step {
            return format!("{:.1} {unit}", size.round_dp(1));
        }
        size /= step;
    }
    format!("{:.1} PB", size.round_dp(1))
}

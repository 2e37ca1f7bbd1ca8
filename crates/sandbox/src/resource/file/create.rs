//! `POST /v1/files/`: announces a file, and says where to put its parts.

use serde::Deserialize;

use super::address;
use super::{Announced, Digest, FILE_BYTES_MAX, File, Service, Upload, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::render::{Json, object};
use crate::reply::Reply;
use crate::world::World;

#[derive(Deserialize)]
struct Input {
    service: Service,
    name: String,
    mime_type: String,
    size: i64,
    #[serde(default)]
    checksum_sha256_base64: Option<String>,
    #[serde(default)]
    version: Option<String>,
    upload: Parts,
}

#[derive(Deserialize)]
struct Parts {
    parts: Vec<Announced>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let input: Input = call.input()?;
    check(&input)?;
    let id = world.chance.id::<File>();
    let upload = Upload {
        id: world.chance.alphanumeric(64),
        expires_at: world.now() + address::LASTS,
        parts: input.upload.parts,
    };
    let path = format!(
        "{}/{organization}/{id}/{}",
        input.service.word(),
        input.name
    );
    let file = File {
        id,
        organization,
        created_at: world.stamp(),
        modified_at: None,
        deleted_at: None,
        service: input.service,
        name: input.name,
        path,
        mime_type: input.mime_type,
        size: input.size,
        sha256: input
            .checksum_sha256_base64
            .as_deref()
            .and_then(Digest::parse),
        version: input.version,
        upload,
        stored: None,
    };
    let shown = announced(world, &file);
    world.files.insert(id, file);
    Ok(shown.into())
}

/// Everything that is wrong with an announcement, at once.
fn check(input: &Input) -> Result<(), Failure> {
    let mut flaws = Vec::new();
    if input.size > FILE_BYTES_MAX {
        let message = format!("The sandbox keeps files of {FILE_BYTES_MAX} bytes at most.");
        flaws.push(Flaw::field("size", message, input.size));
    }
    let message = "This is no SHA-256 in Base64.";
    let whole = input.checksum_sha256_base64.as_deref();
    if let Some(text) = whole.filter(|text| Digest::parse(text).is_none()) {
        flaws.push(Flaw::field("checksum_sha256_base64", message, text));
    }
    for (index, part) in input.upload.parts.iter().enumerate() {
        let text = part.sha256.as_ref().map(Digest::text);
        if let Some(text) = text.filter(|text| Digest::parse(text).is_none()) {
            let name = "checksum_sha256_base64";
            let place = ["upload".into(), "parts".into(), index.into(), name.into()];
            flaws.push(Flaw::body("value_error", place, message, text));
        }
    }
    if flaws.is_empty() {
        Ok(())
    } else {
        Err(Failure::Refused(flaws))
    }
}

/// The file, and where its parts go.
fn announced(world: &World, file: &File) -> Json {
    let parts = file.upload.parts.iter().map(|part| {
        let headers = part.sha256.as_ref().map_or_else(
            || serde_json::json!({}),
            |digest| {
                serde_json::json!({
                    "x-amz-checksum-sha256": digest.text(),
                    "x-amz-sdk-checksum-algorithm": "SHA256",
                })
            },
        );
        object!({
            "number": part.number,
            "chunk_start": part.chunk_start,
            "chunk_end": part.chunk_end,
            "checksum_sha256_base64": part.sha256.as_ref().map(Digest::text),
            "url": address::of_part(world, file, part.number),
            "expires_at": file.upload.expires_at,
            "headers": headers,
        })
    });
    object!({
        ..render::bare(file),
        "upload": object!({
            "id": file.upload.id,
            "path": file.path,
            "parts": parts.collect::<Vec<_>>(),
        }),
    })
}

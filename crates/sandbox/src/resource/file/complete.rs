//! `POST /v1/files/{id}/uploaded`: all parts are there. What Polar's storage refuses is a 500 there; here it
//! is told what is wrong.

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::blob::hex;
use super::{File, FilePart, Stored, own, part, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::world::World;

#[derive(Deserialize)]
struct Input {
    id: String,
    path: String,
    parts: Vec<Said>,
}

/// What the uploader says of a part that is there.
#[derive(Deserialize)]
struct Said {
    number: i64,
    checksum_etag: String,
    checksum_sha256_base64: Option<String>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let file = own(world, call)?;
    let parts = check(world, file, &input)?;
    let id = file.id;
    let stored = Stored {
        etag: etag(&parts),
        parts: parts.iter().map(|part| part.id).collect(),
        version: world.chance.alphanumeric(32),
        at: world.stamp(),
    };
    let kept = stored.parts.clone();
    part::forget(world, |part| part.file == id && !kept.contains(&part.id));
    let row = world.files.get_mut(id)?;
    row.modified_at = Some(stored.at);
    row.stored = Some(stored);
    Ok(render(world, world.files.get(id)?).into())
}

/// The parts the file is made of, or everything that is wrong with what is said of them.
fn check(world: &World, file: &File, input: &Input) -> Result<Vec<FilePart>, Failure> {
    let mut flaws = Vec::new();
    if input.id != file.upload.id || file.stored.is_some() {
        let message = "There is no such upload, or it is complete.";
        flaws.push(Flaw::field("id", message, input.id.as_str()));
    }
    if input.path != file.path {
        let message = "The file of this upload lies elsewhere.";
        flaws.push(Flaw::field("path", message, input.path.as_str()));
    }
    if input.parts.is_empty() {
        flaws.push(Flaw::field(
            "parts",
            "A file has at least one part.",
            json!([]),
        ));
    }
    if !input
        .parts
        .is_sorted_by(|one, next| one.number < next.number)
    {
        let numbers: Vec<_> = input.parts.iter().map(|part| part.number).collect();
        let message = "Parts go by their numbers, each once.";
        flaws.push(Flaw::field("parts", message, json!(numbers)));
    }
    let mut parts = Vec::new();
    for (index, said) in input.parts.iter().enumerate() {
        match found(world, file, said) {
            Ok(part) => parts.push(part.clone()),
            Err(message) => {
                let place: [Value; 2] = ["parts".into(), index.into()];
                flaws.push(Flaw::body("value_error", place, message, said.number));
            }
        }
    }
    if flaws.is_empty() {
        Ok(parts)
    } else {
        Err(Failure::Refused(flaws))
    }
}

fn found<'w>(world: &'w World, file: &File, said: &Said) -> Result<&'w FilePart, &'static str> {
    let mut parts = world.file_parts.of(file.id);
    let part = parts.find(|part| part.number == said.number);
    let part = part.ok_or("This part was not uploaded.")?;
    // With and without its quotes it is the same tag.
    if said.checksum_etag.trim().trim_matches('"') != part.etag().trim_matches('"') {
        return Err("This part was uploaded with another ETag.");
    }
    match &said.checksum_sha256_base64 {
        Some(text) if text != part.sha256.text() => Err("This part has another SHA-256."),
        _ => Ok(part),
    }
}

/// Of the whole: it tells how many parts there were, as S3's does.
fn etag(parts: &[FilePart]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.sha256.text());
    }
    let digest = hex(&hash.finalize());
    format!("\"{}-{}\"", &digest[..32], parts.len())
}

//! A part of a file, as storage takes it.

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::blob::Blob;
use super::{Announced, Digest, FILE_BYTES_MAX, File};
use crate::world::{Id, World, found_by};

/// The most that all files of a world weigh together.
const ALL_BYTES_MAX: usize = 512 * 1024 * 1024;

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FilePart {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) file: Id<File>,
    pub(crate) number: i64,
    pub(crate) sha256: Digest,
    pub(crate) bytes: Blob,
}

found_by!(FilePart: file);

impl FilePart {
    /// What the uploader shows when it says that all parts are there.
    pub(super) fn etag(&self) -> String {
        format!("\"{}\"", &self.sha256.hex()[..32])
    }
}

/// Why storage does not take a part: its word and its sentence, as S3 has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody announced it, or the file is whole already.
    NoSuchUpload,
    /// The address is over.
    Expired,
    /// The bytes are not those that were announced.
    BadDigest,
    /// There is no room for it.
    TooLarge,
}

/// Bytes with their checksum, which takes a while: nobody should wait for it.
#[derive(Debug)]
pub(crate) struct Summed {
    bytes: Bytes,
    sha256: Digest,
}

impl From<Bytes> for Summed {
    fn from(bytes: Bytes) -> Self {
        let sha256 = Digest::of(&bytes);
        Self { bytes, sha256 }
    }
}

/// Keeps a part, in the place of the same part of before; answers its tag. `checksum` is what the uploader
/// says of it, where it does.
pub(crate) fn take(
    world: &mut World,
    upload: &str,
    number: i64,
    Summed { bytes, sha256 }: Summed,
    checksum: Option<&str>,
) -> Result<String, Refusal> {
    let (file, announced) = find(world, upload, number).ok_or(Refusal::NoSuchUpload)?;
    if world.now() >= file.upload.expires_at {
        return Err(Refusal::Expired);
    }
    let file = file.id;
    let announced = announced.sha256.as_ref().map(Digest::text);
    let said = [announced, checksum].into_iter().flatten();
    if said.into_iter().any(|said| said != sha256.text()) {
        return Err(Refusal::BadDigest);
    }
    forget(world, |part| part.file == file && part.number == number);
    if !has_room(world, file, bytes.len()) {
        return Err(Refusal::TooLarge);
    }
    let id = world.chance.id();
    let part = FilePart {
        id,
        created_at: world.stamp(),
        file,
        number,
        sha256,
        bytes: Blob(bytes),
    };
    let etag = part.etag();
    world.file_parts.insert(id, part);
    Ok(etag)
}

/// What an upload that is under way announced.
fn find<'w>(world: &'w World, upload: &str, number: i64) -> Option<(&'w File, &'w Announced)> {
    let mut files = world.files.iter();
    let file = files.find(|file| file.upload.id == upload)?;
    if file.stored.is_some() || file.deleted_at.is_some() {
        return None;
    }
    let announced = file
        .upload
        .parts
        .iter()
        .find(|part| part.number == number)?;
    Some((file, announced))
}

fn has_room(world: &World, file: Id<File>, more: usize) -> bool {
    let sum = |parts: &mut dyn Iterator<Item = &FilePart>| -> usize {
        parts.map(|part| part.bytes.0.len()).sum()
    };
    let of_file = sum(&mut world.file_parts.of(file)) + more;
    let of_all = sum(&mut world.file_parts.iter()) + more;
    of_all <= ALL_BYTES_MAX && i64::try_from(of_file).is_ok_and(|size| size <= FILE_BYTES_MAX)
}

/// Lets go of parts.
pub(super) fn forget(world: &mut World, wanted: impl Fn(&FilePart) -> bool) {
    let parts = world.file_parts.iter().filter(|part| wanted(part));
    let parts: Vec<_> = parts.map(|part| part.id).collect();
    for id in parts {
        world.file_parts.remove(id);
    }
}

/// All bytes of a file that is whole.
pub(crate) fn bytes(world: &World, file: &File) -> Bytes {
    let ids = file.stored.iter().flat_map(|stored| &stored.parts);
    let parts = ids.filter_map(|id| world.file_parts.find(*id));
    let parts: Vec<_> = parts.map(|part| &part.bytes.0).collect();
    if let [whole] = parts[..] {
        return whole.clone();
    }
    let mut all = BytesMut::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        all.extend_from_slice(part);
    }
    all.freeze()
}

//! Where the bytes of files go, and where they are had from. An address is good for an hour; whoever knows
//! it may use it, as with Polar's own.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use url::Url;

use super::File;
use super::blob::hex;
use crate::world::{Id, World};

/// How long an address is good.
pub(crate) const LASTS: SignedDuration = SignedDuration::from_hours(1);

/// Where a part is put.
pub(super) fn of_part(world: &World, file: &File, number: i64) -> String {
    let base = &world.base_url;
    format!("{base}/files/uploads/{}/{number}", file.upload.id)
}

/// Where the whole is had from, and until when.
pub(crate) fn of_download(world: &World, file: &File) -> (String, Timestamp) {
    let until = later(world);
    let (base, id, seconds) = (&world.base_url, file.id, until.as_second());
    let signature = sign(world, "file", &id.to_string(), seconds);
    let url = format!("{base}/files/downloads/{id}?expires={seconds}&signature={signature}");
    (url, until)
}

/// The file that such an address is of, unless the address was made up or is over.
pub(crate) fn downloaded<'w>(
    world: &'w World,
    id: &str,
    seconds: i64,
    signature: &str,
) -> Option<&'w File> {
    let genuine = sign(world, "file", id, seconds) == signature;
    let good = genuine && world.now().as_second() < seconds;
    let file = world.files.find(Id::parse(id).filter(|_| good)?)?;
    file.is_live().then_some(file)
}

/// Where everybody has a public one from, for as long as it is.
pub(crate) fn of_public(world: &World, file: &File) -> String {
    let Ok(mut url) = Url::parse(&world.base_url) else {
        return String::new();
    };
    if let Ok(mut path) = url.path_segments_mut() {
        path.extend(["files", "public"])
            .extend(file.path.split('/'));
    }
    url.into()
}

/// The public file that lies there.
pub(crate) fn public<'w>(world: &'w World, path: &str) -> Option<&'w File> {
    let mut files = world.files.iter();
    files.find(|file| file.service.is_public() && file.is_live() && file.path == path)
}

/// The moment until which an address made now is good.
pub(crate) fn later(world: &World) -> Timestamp {
    let now = world.now();
    now.saturating_add(LASTS).unwrap_or(now)
}

/// What shows that this world made an address: nobody prolongs one by editing it.
pub(crate) fn sign(world: &World, kind: &str, id: &str, seconds: i64) -> String {
    let key = format!("{} {kind}", world.seed);
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        // HMAC takes keys of every length.
        return String::new();
    };
    let mac = mac.chain_update(format!("{id} {seconds}"));
    hex(&mac.finalize().into_bytes())
}

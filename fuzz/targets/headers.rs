//! Lines of `name: value`: nothing panics, and what is found is what was written, once.

#![no_main]

use libfuzzer_sys::fuzz_target;
use polarkit::webhooks::Headers;

fuzz_target!(|input: &[u8]| {
    let pairs = || {
        input.split(|byte| *byte == b'\n').filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at(colon);
            Some((std::str::from_utf8(name).ok()?, value.get(1..)?))
        })
    };
    if let Ok(headers) = Headers::from_pairs(pairs()) {
        let found = [
            ("webhook-id", headers.id),
            ("webhook-timestamp", headers.timestamp),
            ("webhook-signature", headers.signature),
        ];
        for (wanted, value) in found {
            let mut written = pairs().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            assert!(written.all(|(_, other)| other == value.as_bytes()));
        }
        let _ = headers.well_formed();
    }
});

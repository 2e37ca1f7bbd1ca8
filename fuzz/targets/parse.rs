//! Any body: nothing panics, no byte is lost, and an error still tells what there was to tell.

#![no_main]

use libfuzzer_sys::fuzz_target;
use polarkit::webhooks::parse;

fuzz_target!(|body: &[u8]| {
    match parse(body.to_vec()) {
        Ok(delivery) => {
            assert_eq!(delivery.body, body);
            std::hint::black_box((delivery.event.kind(), format!("{delivery:?}")));
        }
        Err(unread) => {
            assert_eq!(unread.body(), body);
            let told = (unread.kind(), unread.timestamp(), unread.data());
            std::hint::black_box((told, format!("{unread} {unread:?} {}", unread.problem())));
        }
    }
});

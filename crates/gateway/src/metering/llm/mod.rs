//! Reads a language model's usage out of its answer while the answer passes, in any pieces and in
//! little memory.

mod sieve;
mod sse;

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use polarkit::usage::{LlmReading, LlmUsage};

use self::sieve::Sieve;
use self::sse::Events;

/// Reads one answer.
#[derive(Debug)]
pub(super) struct Reader {
    form: Form,
    sieve: Sieve,
    reading: LlmReading,
}

/// How an answer is written.
#[derive(Debug)]
enum Form {
    /// Server-sent events, each of which holds a document.
    Events(Events),
    /// A document.
    Json,
    /// Nothing that can be read here: it is compressed although it was asked not to be.
    Closed,
}

impl Reader {
    /// For an answer with these headers.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let said = |name| headers.get(name)?.to_str().ok();
        let plain = said(CONTENT_ENCODING).is_none_or(|coding| coding.trim() == "identity");
        let media = said(CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
        let form = match plain {
            true if media.starts_with("text/event-stream") => Form::Events(Events::default()),
            true => Form::Json,
            false => Form::Closed,
        };
        Self {
            form,
            sieve: Sieve::default(),
            reading: LlmReading::default(),
        }
    }

    /// The next piece of it.
    pub(super) fn take(&mut self, piece: &[u8]) {
        let Self {
            form,
            sieve,
            reading,
        } = self;
        match form {
            Form::Closed => {}
            Form::Json => piece.iter().for_each(|byte| sift(sieve, reading, *byte)),
            Form::Events(events) => {
                for byte in piece {
                    match events.take(*byte) {
                        sse::Taken::Data(byte) => sift(sieve, reading, byte),
                        // What broke one event off says nothing about the next.
                        sse::Taken::End => *sieve = Sieve::default(),
                        sse::Taken::Nothing => {}
                    }
                }
            }
        }
    }

    /// What it told so far.
    pub(super) fn usage(&self) -> Option<LlmUsage> {
        self.reading.usage()
    }
}

fn sift(sieve: &mut Sieve, reading: &mut LlmReading, byte: u8) {
    if let Some(picked) = sieve.take(byte) {
        reading.take(&picked);
    }
}

#[cfg(test)]
mod tests;

//! A document of any length, a byte at a time, of which only what tells usage is kept: `type`,
//! `model` and `usage`, at its top or in its `message` or `response`.
//!
//! An answer may hold megabytes of text, and its usage may stand before or after it.

use serde_json::{Map, Value};

/// The names that matter are shorter.
const NAME_BYTES_MAX: usize = 16;
/// What is kept of one value; a longer one says nothing.
const VALUE_BYTES_MAX: usize = 4_096;

/// What was seen of a document so far.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    /// How many braces and brackets are open.
    depth: usize,
    text: Text,
    /// In an object, at the place of a name.
    at_name: bool,
    /// The name that was read last.
    name: Vec<u8>,
    /// The answer one level deeper that is open.
    inside: Option<&'static str>,
    kept: Option<Kept>,
    top: Map<String, Value>,
    deeper: Map<String, Value>,
}

/// Whether this is in a text.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Inside {
        is_name: bool,
    },
    /// After a backslash.
    Escaped {
        is_name: bool,
    },
}

/// A value being kept.
#[derive(Debug)]
struct Kept {
    name: &'static str,
    /// The depth of the object it stands in.
    depth: usize,
    bytes: Vec<u8>,
}

impl Sieve {
    /// Takes a byte; gives what was kept when it ends the document.
    pub(super) fn take(&mut self, byte: u8) -> Option<Value> {
        match self.text {
            Text::Escaped { is_name } => {
                self.text = Text::Inside { is_name };
                self.inside_text(byte, is_name);
            }
            Text::Inside { is_name } if byte == b'\\' => {
                self.text = Text::Escaped { is_name };
                self.inside_text(byte, is_name);
            }
            Text::Inside { .. } if byte == b'"' => {
                self.text = Text::Outside;
                self.keep(byte);
            }
            Text::Inside { is_name } => self.inside_text(byte, is_name),
            Text::Outside => return self.outside_text(byte),
        }
        None
    }

    fn inside_text(&mut self, byte: u8, is_name: bool) {
        if is_name && self.name.len() <= NAME_BYTES_MAX {
            self.name.push(byte);
        }
        self.keep(byte);
    }

    fn outside_text(&mut self, byte: u8) -> Option<Value> {
        match byte {
            b'"' => {
                let is_name = self.at_name;
                if is_name {
                    self.name.clear();
                }
                self.text = Text::Inside { is_name };
            }
            b':' if self.at_name => {
                self.at_name = false;
                self.value_begins();
                return None;
            }
            b'{' | b'[' => self.open(byte == b'{'),
            b'}' | b']' => return self.close(byte),
            b',' => {
                self.value_ends();
                self.at_name = self.in_object();
            }
            _ => {}
        }
        self.keep(byte);
        None
    }

    /// Names matter at the top, and in an answer that stands there.
    fn in_object(&self) -> bool {
        self.depth == 1 || (self.depth == 2 && self.inside.is_some())
    }

    fn open(&mut self, is_object: bool) {
        if self.depth == 1 && is_object && !self.at_name {
            self.inside = match self.name.as_slice() {
                b"message" => Some("message"),
                b"response" => Some("response"),
                _ => None,
            };
        }
        self.depth += 1;
        self.at_name = is_object && self.in_object();
    }

    fn close(&mut self, byte: u8) -> Option<Value> {
        self.value_ends();
        self.keep(byte);
        self.at_name = false;
        self.depth = self.depth.saturating_sub(1);
        match self.depth {
            0 => Some(self.over()),
            1 => {
                if let Some(name) = self.inside.take() {
                    let deeper = std::mem::take(&mut self.deeper);
                    self.top.insert(name.to_owned(), deeper.into());
                }
                None
            }
            _ => None,
        }
    }

    fn value_begins(&mut self) {
        if !self.in_object() {
            return;
        }
        let name = match self.name.as_slice() {
            b"type" => "type",
            b"model" => "model",
            b"usage" => "usage",
            _ => return,
        };
        self.kept = Some(Kept {
            name,
            depth: self.depth,
            bytes: Vec::new(),
        });
    }

    fn keep(&mut self, byte: u8) {
        if let Some(kept) = &mut self.kept {
            kept.bytes.push(byte);
            if kept.bytes.len() > VALUE_BYTES_MAX {
                self.kept = None;
            }
        }
    }

    /// The value that is kept ends with the comma, or the brace, of the object it stands in.
    fn value_ends(&mut self) {
        let depth = self.depth;
        let Some(kept) = self.kept.take_if(|kept| kept.depth == depth) else {
            return;
        };
        if let Ok(value) = serde_json::from_slice(&kept.bytes) {
            let place = if depth == 1 {
                &mut self.top
            } else {
                &mut self.deeper
            };
            place.insert(kept.name.to_owned(), value);
        }
    }

    fn over(&mut self) -> Value {
        let top = std::mem::take(&mut self.top);
        *self = Self::default();
        top.into()
    }
}

//! Server-sent events, a byte at a time: what is data, and where an event ends.

const FIELD: &[u8] = b"data:";

/// Where in the stream we are.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Line,
    /// CR LF is one end of a line.
    after_cr: bool,
}

#[derive(Debug)]
enum Line {
    /// So many bytes of it are those of a data field.
    Begun(usize),
    Data,
    Other,
}

impl Default for Line {
    fn default() -> Self {
        Self::Begun(0)
    }
}

/// What a byte is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Data(u8),
    /// The event is over.
    End,
    Nothing,
}

impl Events {
    pub(super) fn take(&mut self, byte: u8) -> Taken {
        let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
        match (byte, &mut self.line) {
            (b'\n', _) if after_cr => Taken::Nothing,
            (b'\n' | b'\r', line) => match std::mem::take(line) {
                Line::Begun(0) => Taken::End,
                // A document may go on in the next data line, which is a line of its own.
                Line::Begun(_) | Line::Data | Line::Other => Taken::Nothing,
            },
            (byte, Line::Data) => Taken::Data(byte),
            (_, Line::Other) => Taken::Nothing,
            (byte, line @ Line::Begun(_)) => {
                *line = begun(line, byte);
                Taken::Nothing
            }
        }
    }
}

fn begun(line: &Line, byte: u8) -> Line {
    match line {
        Line::Begun(so_far) if FIELD.get(*so_far) == Some(&byte) => {
            let so_far = so_far + 1;
            if so_far == FIELD.len() {
                Line::Data
            } else {
                Line::Begun(so_far)
            }
        }
        Line::Begun(_) | Line::Data | Line::Other => Line::Other,
    }
}

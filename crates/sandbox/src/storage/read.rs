//! Reading a log: what is whole counts, what was half written when the process ended is left out, and
//! anything else that is wrong is refused rather than guessed at.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use super::log::{HEADER, SAVED};
use super::{FORMAT, StorageError};
use crate::world::{Reader, World};

/// What a log holds.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) world: World,
    /// Up to the end of the last whole set of changes.
    pub(super) bytes: u64,
    pub(super) bytes_at_first: u64,
    /// Sets of changes after the world.
    pub(super) saved: u64,
    /// What follows them.
    pub(super) torn_bytes: Option<u64>,
}

/// Why a log cannot be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    Io(io::Error),
    Newer(u64),
    Damaged(u64, Option<serde_json::Error>),
}

impl Unreadable {
    pub(super) fn told_of(self, folder: &Path, file: PathBuf) -> StorageError {
        match self {
            Self::Io(source) => StorageError::Folder {
                folder: folder.to_owned(),
                source,
            },
            Self::Newer(found) => StorageError::Newer { file, found },
            Self::Damaged(line, source) => StorageError::Damaged { file, line, source },
        }
    }
}

/// Reads a log from its beginning.
pub(super) fn read(path: &Path) -> Result<Read, Unreadable> {
    let file = File::open(path).map_err(Unreadable::Io)?;
    let mut lines = Lines {
        file: BufReader::new(file),
        number: 0,
        bytes: 0,
    };
    header(&mut lines)?;
    let mut reader = Reader::new();
    first(&mut lines, &mut reader)?;
    let bytes_at_first = lines.bytes;
    let mut bytes = bytes_at_first;
    let mut saved = 0;
    while changes(&mut lines, &mut reader, saved + 1)? {
        saved += 1;
        bytes = lines.bytes;
    }
    lines.skip_rest()?;
    let torn_bytes = lines.bytes - bytes;
    Ok(Read {
        world: reader.finish(),
        bytes,
        bytes_at_first,
        saved,
        torn_bytes: (torn_bytes > 0).then_some(torn_bytes),
    })
}

fn header(lines: &mut Lines) -> Result<(), Unreadable> {
    match lines.next()? {
        Next::Line(line) => match mark(&line) {
            Some((HEADER, FORMAT, _)) => Ok(()),
            Some((HEADER, newer, _)) if newer > FORMAT => Err(Unreadable::Newer(newer)),
            Some(_) | None => Err(lines.damaged(None)),
        },
        Next::Broken | Next::End => Err(lines.damaged(None)),
    }
}

/// The world as the log begins with it. It had its name only once it was whole, so nothing may be missing.
fn first(lines: &mut Lines, reader: &mut Reader) -> Result<(), Unreadable> {
    let mut count = 0;
    loop {
        let Next::Line(line) = lines.next()? else {
            return Err(lines.damaged(None));
        };
        if let Some((SAVED, number, lines_told)) = mark(&line) {
            let whole = (number, lines_told) == (0, Some(count));
            return whole.then_some(()).ok_or_else(|| lines.damaged(None));
        }
        take(lines, reader, &line)?;
        count += 1;
    }
}

/// The next set of changes, all or nothing of it; `false` when it is not whole and nothing follows it.
fn changes(lines: &mut Lines, reader: &mut Reader, number: u64) -> Result<bool, Unreadable> {
    let mut set: Vec<String> = Vec::new();
    loop {
        match lines.next()? {
            Next::End => return Ok(false),
            Next::Broken => return no_more(lines, number).map(|()| false),
            Next::Line(line) => match mark(&line) {
                Some((SAVED, found, count)) => {
                    let count = count.and_then(|count| usize::try_from(count).ok());
                    if (found, count) != (number, Some(set.len())) {
                        return Err(lines.damaged(None));
                    }
                    for line in &set {
                        take(lines, reader, line)?;
                    }
                    return Ok(true);
                }
                Some(_) | None => set.push(line),
            },
        }
    }
}

/// What is broken may be the last thing that was written, and only that: with later changes behind it, it
/// was on disk before they were, and was damaged since.
fn no_more(lines: &mut Lines, number: u64) -> Result<(), Unreadable> {
    let broken = lines.number;
    loop {
        match lines.next()? {
            Next::End => return Ok(()),
            Next::Broken => {}
            Next::Line(line) => {
                if matches!(mark(&line), Some((SAVED, later, _)) if later > number) {
                    return Err(Unreadable::Damaged(broken, None));
                }
            }
        }
    }
}

fn take(lines: &Lines, reader: &mut Reader, line: &str) -> Result<(), Unreadable> {
    reader
        .read(line)
        .map_err(|error| lines.damaged(Some(error)))
}

/// A line of the log's own: its word and its numbers.
fn mark(line: &str) -> Option<(&str, u64, Option<u64>)> {
    let ours = [HEADER, SAVED]
        .iter()
        .any(|word| line.get(2..).is_some_and(|rest| rest.starts_with(word)));
    if !ours {
        return None;
    }
    let (word, number, more): (&str, u64, Option<&RawValue>) = serde_json::from_str(line).ok()?;
    Some((word, number, more.and_then(|more| more.get().parse().ok())))
}

struct Lines {
    file: BufReader<File>,
    /// Lines read.
    number: u64,
    bytes: u64,
}

enum Next {
    Line(String),
    /// It has no end, or another checksum than it says.
    Broken,
    End,
}

impl Lines {
    fn next(&mut self) -> Result<Next, Unreadable> {
        let mut bytes = Vec::new();
        let read = self.file.read_until(b'\n', &mut bytes);
        let read = read.map_err(Unreadable::Io)?;
        if read == 0 {
            return Ok(Next::End);
        }
        self.number += 1;
        self.bytes += u64::try_from(read).unwrap_or_default();
        Ok(checked(bytes).map_or(Next::Broken, Next::Line))
    }

    fn skip_rest(&mut self) -> Result<(), Unreadable> {
        while !matches!(self.next()?, Next::End) {}
        Ok(())
    }

    const fn damaged(&self, source: Option<serde_json::Error>) -> Unreadable {
        Unreadable::Damaged(self.number, source)
    }
}

fn checked(bytes: Vec<u8>) -> Option<String> {
    let line = String::from_utf8(bytes).ok()?;
    let (sum, text) = line.strip_suffix('\n')?.split_once(' ')?;
    let sum = u32::from_str_radix(sum, 16).ok()?;
    (sum == crc32fast::hash(text.as_bytes())).then(|| text.to_owned())
}

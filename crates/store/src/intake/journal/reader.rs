//! Reads the line from a number on, without looking for the place each time.

use std::io;
use std::sync::Arc;

use super::line::Line;
use super::records::is_damage;
use super::segment::{BEGIN, Segment};
use crate::intake::Mail;

/// Where a number is.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: i64,
    /// First number of the file.
    segment: i64,
    byte: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Reader {
    line: Arc<Line>,
    /// Where the last reading began and ended: the next begins at the one or, if what was read was
    /// not kept, at the other.
    places: [Option<Place>; 2],
}

impl Reader {
    pub(super) fn new(line: Arc<Line>) -> Self {
        Self {
            line,
            places: [None; 2],
        }
    }

    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// At most so many deliveries from this number on, and the number after them. What was damaged
    /// since it was written is kept aside and passed over: the rest is not held up.
    pub(super) fn read(&mut self, from: i64, limit: usize) -> io::Result<(Vec<Mail>, i64)> {
        let mut mails = Vec::new();
        let mut next = from;
        let mut begun = None;
        while mails.len() < limit
            && let Some(segment) = self.line.holding(next)
        {
            match self.place(&segment, next) {
                Ok(place) => {
                    begun.get_or_insert(place);
                    let end = read_on(&segment, place, limit, &mut mails)?;
                    next = end.number;
                    self.places = [begun, Some(end)];
                }
                Err(error) if is_damage(&error) => {
                    segment.keep_aside()?;
                    next = segment.next;
                }
                Err(error) => return Err(error),
            }
        }
        Ok((mails, next))
    }

    /// Where this number, or the first later one, is in a file.
    fn place(&self, segment: &Segment, number: i64) -> io::Result<Place> {
        let known = self.places.iter().flatten();
        let mut known = known.filter(|one| one.segment == segment.first);
        if let Some(place) = known.find(|one| one.number == number) {
            return Ok(*place);
        }
        let mut records = segment.all()?;
        let mut byte = BEGIN;
        while let Some(record) = records.next()?
            && record.number < number
        {
            byte = records.at();
        }
        Ok(Place {
            number: number.max(segment.first),
            segment: segment.first,
            byte,
        })
    }
}

/// Adds deliveries from this place on, and says where they end.
fn read_on(
    segment: &Segment,
    mut place: Place,
    limit: usize,
    mails: &mut Vec<Mail>,
) -> io::Result<Place> {
    let mut records = segment.records(place.byte, place.number - 1)?;
    while mails.len() < limit {
        match records.next() {
            Ok(Some(record)) => {
                place.number = record.number + 1;
                mails.push(record.mail);
            }
            Ok(None) => {
                place.number = segment.next;
                break;
            }
            Err(error) if is_damage(&error) => {
                segment.keep_aside()?;
                place.number = segment.next;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    if records.has_skipped() {
        segment.keep_aside()?;
    }
    place.byte = records.at();
    Ok(place)
}

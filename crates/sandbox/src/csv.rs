//! Exports as comma-separated values.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::reply::Reply;

/// A file of a head line and rows.
pub(crate) fn file(name: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Reply {
    let mut text = line(head.iter().map(|cell| (*cell).to_owned()));
    for row in rows {
        text.push_str(&line(row.into_iter()));
    }
    Reply::File {
        media_type: "text/csv; charset=utf-8",
        name: name.to_owned(),
        bytes: text.into_bytes(),
    }
}

/// The head of a column: `net_amount` becomes `Net amount`.
pub(crate) fn title(column: &str) -> String {
    let mut letters = column.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters)
        .collect::<String>()
        .replace('_', " ")
}

/// An amount in hundreds of minor units, whatever its currency: `11.0`, `12.34`.
pub(crate) fn money(amount: i64) -> String {
    let amount = Decimal::new(amount, 2).normalize();
    if amount.scale() == 0 {
        format!("{amount}.0")
    } else {
        amount.to_string()
    }
}

/// A moment in a time zone; UTC when the zone is not known.
pub(crate) fn time(moment: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let zoned = moment.to_zoned(zone);
    zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let mut line = cells
        .map(|cell| quoted(&cell))
        .collect::<Vec<_>>()
        .join(",");
    line.push_str("\r\n");
    line
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_quotes_and_breaks_are_quoted() {
        let cells = ["plain", "a,b", "say \"hi\"", "two\nlines"].map(str::to_owned);
        let wanted = "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n";
        assert_eq!(line(cells.into_iter()), wanted);
    }
}

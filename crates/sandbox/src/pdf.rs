//! A small honest PDF: A4 pages of Helvetica, nothing compressed, so that any reader finds its words.

use std::fmt::Write as _;

/// Lines that fit on a page.
const LINES: usize = 48;
/// Points from one line to the next.
const LEADING: usize = 15;
/// Where the first line stands, from the page's foot.
const TOP: usize = 780;
/// Where a line begins, and where its second column does.
const COLUMNS: [usize; 2] = [56, 400];
/// Objects before the pages: catalogue, list of pages, two fonts, facts about the document.
const FIXED: usize = 5;

/// One line of a document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    left: String,
    right: String,
    bold: bool,
}

impl Line {
    /// Plain text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self {
            left: text.into(),
            ..Self::default()
        }
    }

    /// A name and what belongs to it.
    pub(crate) fn pair(left: impl Into<String>, right: impl Into<String>) -> Self {
        Self {
            left: left.into(),
            right: right.into(),
            bold: false,
        }
    }

    /// A heading.
    pub(crate) fn head(text: impl Into<String>) -> Self {
        Self {
            bold: true,
            ..Self::text(text)
        }
    }
}

/// The document's bytes.
pub(crate) fn write(title: &str, lines: &[Line]) -> Vec<u8> {
    let pages: Vec<_> = lines.chunks(LINES).collect();
    let number = |index: usize| FIXED + 1 + 2 * index;
    let kids = (0..pages.len()).fold(String::new(), |mut kids, index| {
        let _infallible = write!(kids, "{} 0 R ", number(index));
        kids
    });
    let font = |name: &str| {
        format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>")
    };
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()).into_bytes(),
        font("Helvetica").into_bytes(),
        font("Helvetica-Bold").into_bytes(),
        [b"<< /Title ".as_slice(), &literal(title), b" >>"].concat(),
    ];
    for (index, page) in pages.iter().enumerate() {
        let fonts = "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >>";
        let contents = number(index) + 1;
        let object = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {fonts} /Contents {contents} 0 R >>"
        );
        objects.push(object.into_bytes());
        let drawn = draw(page);
        let head = format!("<< /Length {} >>\nstream\n", drawn.len());
        objects.push([head.as_bytes(), &drawn, b"\nendstream"].concat());
    }
    assemble(&objects)
}

/// The operators that write a page.
fn draw(lines: &[Line]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let height = TOP.saturating_sub(index * LEADING);
        let font = if line.bold { "/F2 12" } else { "/F1 10" };
        for (text, column) in [&line.left, &line.right].into_iter().zip(COLUMNS) {
            if !text.is_empty() {
                let place = format!("BT {font} Tf {column} {height} Td ");
                out.extend(place.into_bytes());
                out.extend(literal(text));
                out.extend(b" Tj ET\n");
            }
        }
    }
    out
}

/// Text as PDF writes it, in the Latin alphabet; other letters become question marks.
fn literal(text: &str) -> Vec<u8> {
    let mut out = vec![b'('];
    for letter in text.chars() {
        match letter {
            '(' | ')' | '\\' => out.extend([b'\\', ascii(letter)]),
            // The latter have the same number in Windows' alphabet.
            ' '..='~' | '\u{a0}'..='\u{ff}' => out.push(ascii(letter)),
            '\u{20ac}' => out.push(0x80),
            '\u{2019}' => out.push(0x92),
            '\u{2013}' => out.push(0x96),
            '\u{2014}' => out.push(0x97),
            _ => out.push(b'?'),
        }
    }
    out.push(b')');
    out
}

fn ascii(letter: char) -> u8 {
    u8::try_from(u32::from(letter)).unwrap_or(b'?')
}

/// The objects, numbered, and the table of where each begins.
fn assemble(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = String::from("0000000000 65535 f \n");
    for (index, object) in objects.iter().enumerate() {
        let _infallible = writeln!(table, "{:010} 00000 n ", out.len());
        out.extend(format!("{} 0 obj\n", index + 1).into_bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let (start, size) = (out.len(), objects.len() + 1);
    let end = format!(
        "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    out.extend(end.into_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(document: &[u8]) -> String {
        String::from_utf8_lossy(document).into_owned()
    }

    #[test]
    fn every_object_begins_where_the_table_says() {
        let lines: Vec<_> = (0..100)
            .map(|line| Line::text(format!("Line {line}")))
            .collect();
        let document = write("Many", &lines);
        let text = document
            .iter()
            .map(|byte| char::from(*byte))
            .collect::<String>();
        let (_, table) = text.rsplit_once("\nxref\n").unwrap();
        let starts = table
            .lines()
            .filter_map(|line| line.strip_suffix(" 00000 n "));
        let starts: Vec<usize> = starts.map(|start| start.parse().unwrap()).collect();
        assert_eq!(starts.len(), FIXED + 2 * 3);
        for (index, start) in starts.into_iter().enumerate() {
            let found = document.get(start..).unwrap_or_default();
            let wanted = format!("{} 0 obj", index + 1);
            assert!(found.starts_with(wanted.as_bytes()), "{index}");
        }
    }

    #[test]
    fn words_stand_in_it_as_they_are() {
        let document = write("Invoice", &[Line::pair("A (b) \\", "€ 1")]);
        let text = said(&document);
        assert!(text.contains("(A \\(b\\) \\\\) Tj"), "{text}");
        assert!(text.contains("/Title (Invoice)"), "{text}");
        assert_eq!(literal("ä€漢"), b"(\xe4\x80?)");
    }
}

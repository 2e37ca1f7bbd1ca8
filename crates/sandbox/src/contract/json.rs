//! JSON that cannot be read, and where Python's reader says so.

use serde_json::{Value, json};

use crate::failure::Flaw;

/// The body, or the one flaw that stands for all of it.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Box<Flaw>> {
    serde_json::from_slice(bytes).map_err(|_unreadable| {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader {
            text: text.chars().collect(),
            at: 0,
        };
        let (at, error) = reader.document().err().unwrap_or((0, "Expecting value"));
        let mut flaw = Flaw::body("json_invalid", [at.into()], "JSON decode error", json!({}));
        flaw.context = Some(json!({"error": error}));
        Box::new(flaw)
    })
}

type Halt = (usize, &'static str);

/// Reads only to find the place where reading ends. As deep as serde's own limit allows.
struct Reader {
    text: Vec<char>,
    at: usize,
}

impl Reader {
    fn document(&mut self) -> Result<(), Halt> {
        self.blanks();
        self.value(0)?;
        self.blanks();
        if self.at < self.text.len() {
            return Err((self.at, "Extra data"));
        }
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<(), Halt> {
        const DEPTH_MAX: usize = 128;
        if depth > DEPTH_MAX {
            return Err((self.at, "Expecting value"));
        }
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => self.string(),
            Some('-' | '0'..='9') => self.number(),
            Some(_) => self.word(),
            None => Err((self.at, "Expecting value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Halt> {
        self.at += 1;
        self.blanks();
        if self.eat('}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some('"') {
                return Err((self.at, "Expecting property name enclosed in double quotes"));
            }
            self.string()?;
            self.blanks();
            if !self.eat(':') {
                return Err((self.at, "Expecting ':' delimiter"));
            }
            self.blanks();
            self.value(depth + 1)?;
            self.blanks();
            if self.eat('}') {
                return Ok(());
            }
            if !self.eat(',') {
                return Err((self.at, "Expecting ',' delimiter"));
            }
            self.blanks();
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Halt> {
        self.at += 1;
        self.blanks();
        if self.eat(']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.blanks();
            if self.eat(']') {
                return Ok(());
            }
            if !self.eat(',') {
                return Err((self.at, "Expecting ',' delimiter"));
            }
            self.blanks();
        }
    }

    fn string(&mut self) -> Result<(), Halt> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err((start, "Unterminated string starting at")),
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('\\') => self.escape()?,
                Some(character) if character < ' ' => {
                    return Err((self.at, "Invalid control character at"));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), Halt> {
        let backslash = self.at;
        self.at += 1;
        match self.peek() {
            Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => {
                self.at += 1;
                Ok(())
            }
            Some('u') => {
                let digits = self.text.get(self.at + 1..self.at + 5);
                if !digits.is_some_and(|four| four.iter().all(char::is_ascii_hexdigit)) {
                    return Err((self.at, "Invalid \\uXXXX escape"));
                }
                self.at += 5;
                Ok(())
            }
            _ => Err((backslash, "Invalid \\escape")),
        }
    }

    fn number(&mut self) -> Result<(), Halt> {
        let start = self.at;
        self.eat('-');
        if !self.eat('0') && self.digits() == 0 {
            return Err((start, "Expecting value"));
        }
        let whole = self.at;
        if self.eat('.') && self.digits() == 0 {
            self.at = whole;
        }
        let plain = self.at;
        if self.eat('e') || self.eat('E') {
            _ = self.eat('+') || self.eat('-');
            if self.digits() == 0 {
                self.at = plain;
            }
        }
        Ok(())
    }

    fn word(&mut self) -> Result<(), Halt> {
        for word in ["true", "false", "null"] {
            let end = self.at + word.len();
            if self
                .text
                .get(self.at..end)
                .is_some_and(|text| word.chars().eq(text.iter().copied()))
            {
                self.at = end;
                return Ok(());
            }
        }
        Err((self.at, "Expecting value"))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|character| character.is_ascii_digit())
        {
            self.at += 1;
        }
        self.at - start
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_text_is_blamed_where_python_blames_it() {
        let cases = [
            (
                "{not json",
                1,
                "Expecting property name enclosed in double quotes",
            ),
            (
                "{\"a\":1,}",
                7,
                "Expecting property name enclosed in double quotes",
            ),
            ("[1,]", 3, "Expecting value"),
            ("{\"a\" 1}", 5, "Expecting ':' delimiter"),
            ("{\"a\":}", 5, "Expecting value"),
            ("\"abc", 0, "Unterminated string starting at"),
            ("{\"a\":1}x", 7, "Extra data"),
            ("nul", 0, "Expecting value"),
            ("{\"a\":\"\\x\"}", 6, "Invalid \\escape"),
            ("[1 2]", 3, "Expecting ',' delimiter"),
            ("{\"a\":1", 6, "Expecting ',' delimiter"),
            ("{\"a\":\"b\nc\"}", 7, "Invalid control character at"),
            ("01", 1, "Extra data"),
            ("\"\\u12\"", 2, "Invalid \\uXXXX escape"),
        ];
        for (text, at, error) in cases {
            let flaw = parse(text.as_bytes()).unwrap_err();
            assert_eq!(flaw.at, [json!("body"), json!(at)], "{text}");
            assert_eq!(flaw.context, Some(json!({"error": error})), "{text}");
        }
    }
}

//! The tables there are, as both databases describe them, and the texts that read and write them.

/// One table and its columns, in the order of their making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The types the migrations use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Truth,
    Bytes,
}

impl Column {
    /// A column, from what a database calls it and its type; else what is wrong with it.
    pub(super) fn new(table: &str, (name, kind): (String, String)) -> Result<Self, String> {
        let kind = match kind.to_ascii_uppercase().as_str() {
            "TEXT" => Kind::Text,
            "BIGINT" => Kind::Integer,
            "BOOLEAN" => Kind::Truth,
            "BYTEA" => Kind::Bytes,
            other => return Err(format!("{table}.{name} is of the type {other}")),
        };
        Ok(Self { name, kind })
    }
}

impl Table {
    /// Reads every row, in no order.
    pub(super) fn select(&self) -> String {
        format!("SELECT {} FROM {}", self.column_names(), quoted(&self.name))
    }

    pub(super) fn count(&self) -> String {
        format!("SELECT COUNT(*) FROM {}", quoted(&self.name))
    }

    pub(super) fn delete(&self) -> String {
        format!("DELETE FROM {}", quoted(&self.name))
    }

    /// Writes many rows on PostgreSQL, given as one array a column.
    pub(super) fn insert(&self) -> String {
        let arrays = self.columns.iter().enumerate().map(|(index, column)| {
            let kind = match column.kind {
                Kind::Text => "text",
                Kind::Integer => "bigint",
                Kind::Truth => "boolean",
                Kind::Bytes => "bytea",
            };
            format!("${}::{kind}[]", index + 1)
        });
        let arrays: Vec<String> = arrays.collect();
        format!(
            "INSERT INTO {} ({}) SELECT * FROM UNNEST({})",
            quoted(&self.name),
            self.column_names(),
            arrays.join(", ")
        )
    }

    fn column_names(&self) -> String {
        let names = self.columns.iter().map(|column| quoted(&column.name));
        names.collect::<Vec<_>>().join(", ")
    }
}

/// A name as both databases take it literally.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

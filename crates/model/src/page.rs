//! Pages of a list.

use serde::{Deserialize, Serialize};

use crate::read::{self, Node, Read, through_serde};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the order asked for.
    pub items: Vec<T>,
    /// How the list goes on behind them.
    pub pagination: Pagination,
}

/// How a list goes on behind a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Pagination {
    /// The whole list was counted.
    Counted {
        /// Items in all.
        total_count: i64,
        /// The number of the last page; 0 when there is nothing.
        max_page: i64,
    },
    /// Nothing was counted, which is quicker where there is much.
    Cursor {
        /// Whether another page follows.
        has_next_page: bool,
    },
}

impl Pagination {
    /// Items in all, when they were counted.
    pub const fn total_count(self) -> Option<i64> {
        match self {
            Self::Counted { total_count, .. } => Some(total_count),
            Self::Cursor { .. } => None,
        }
    }

    /// The number of the last page, when they were counted; 0 when there is nothing.
    pub const fn max_page(self) -> Option<i64> {
        match self {
            Self::Counted { max_page, .. } => Some(max_page),
            Self::Cursor { .. } => None,
        }
    }

    /// Whether another page follows after the page of that number, the first being 1.
    pub const fn has_next(self, page: i64) -> bool {
        match self {
            Self::Counted { max_page, .. } => page < max_page,
            Self::Cursor { has_next_page } => has_next_page,
        }
    }
}

impl<T: Read> Read for Page<T> {
    fn read(node: &Node<'_>) -> Self {
        let object = node.object();
        Self {
            items: object.field("items"),
            pagination: object.field("pagination"),
        }
    }
}

impl<'de, T: Read> Deserialize<'de> for Page<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read::deserialize(deserializer)
    }
}

impl Read for Pagination {
    fn read(node: &Node<'_>) -> Self {
        let object = node.object();
        let has_next_page: Option<bool> = object.field("has_next_page");
        if let Some(has_next_page) = has_next_page {
            return Self::Cursor { has_next_page };
        }
        Self::Counted {
            total_count: object.field("total_count"),
            max_page: object.field("max_page"),
        }
    }
}

through_serde!(Pagination);

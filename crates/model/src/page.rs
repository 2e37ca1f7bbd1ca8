//! Pages of a list.

use serde::{Deserialize, Serialize};

use crate::read::{self, Node, Read, through_serde};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the order asked for.
    pub items: Vec<T>,
    /// How much there is in all.
    pub pagination: Pagination,
}

/// How much a list holds in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Pagination {
    /// Items in all.
    pub total_count: i64,
    /// The number of the last page; 0 when there is nothing.
    pub max_page: i64,
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
        Self {
            total_count: object.field("total_count"),
            max_page: object.field("max_page"),
        }
    }
}

through_serde!(Pagination);

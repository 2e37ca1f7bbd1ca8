//! Pages of a list.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::read::{Object, Read, ReadError, through_serde};

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
    fn read(value: Value) -> Result<Self, ReadError> {
        let mut object = Object::open(value)?;
        Ok(Self {
            items: object.take("items")?,
            pagination: object.take("pagination")?,
        })
    }
}

impl<'de, T: Read> Deserialize<'de> for Page<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Read for Pagination {
    fn read(value: Value) -> Result<Self, ReadError> {
        let mut object = Object::open(value)?;
        Ok(Self {
            total_count: object.take("total_count")?,
            max_page: object.take("max_page")?,
        })
    }
}

through_serde!(Pagination);

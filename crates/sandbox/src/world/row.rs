//! What every row of a table says of itself: its id, and what else it can be found by.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;

use super::Id;

/// A row of a [`Table`](super::Table).
pub(crate) trait Row: Clone {
    /// What names the row.
    fn id(&self) -> Id<Self>;

    /// What the row can be found by besides its id. The table keeps these up to date by itself,
    /// also when the row changes; a key that a row has only sometimes is `None` at other times.
    fn keys(&self) -> impl Iterator<Item = Key>;

    /// When it happened, if that is what its list is sorted by. Such rows never change.
    fn moment(&self) -> Option<Timestamp> {
        None
    }
}

/// The id of another row, or the print of a text. Two texts may share a print, so whoever looks for a
/// text asks the rows that are found once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(u128);

impl Key {
    /// The key of a text.
    pub(crate) fn of_text(text: &str) -> Self {
        let mut print = DefaultHasher::new();
        text.hash(&mut print);
        Self(u128::from(print.finish()))
    }
}

impl<T> From<Id<T>> for Key {
    fn from(id: Id<T>) -> Self {
        Self(id.uuid().as_u128())
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::of_text(text)
    }
}

/// A field that a row can be found by.
pub(crate) trait Field {
    /// Its key, when it has a value.
    fn key(&self) -> Option<Key>;
}

impl<T> Field for Id<T> {
    fn key(&self) -> Option<Key> {
        Some((*self).into())
    }
}

impl Field for String {
    fn key(&self) -> Option<Key> {
        Some(Key::of_text(self))
    }
}

impl<F: Field> Field for Option<F> {
    fn key(&self) -> Option<Key> {
        self.as_ref()?.key()
    }
}

/// Makes a noun a row that can be found by the named fields.
macro_rules! found_by {
    ($row:ty: $($field:ident),* $(; in the order of $moment:ident)?) => {
        impl $crate::world::Row for $row {
            fn id(&self) -> $crate::world::Id<Self> {
                self.id
            }

            fn keys(&self) -> impl Iterator<Item = $crate::world::Key> {
                const COUNT: usize = <[&str]>::len(&[$(stringify!($field)),*]);
                let keys: [Option<$crate::world::Key>; COUNT] =
                    [$($crate::world::Field::key(&self.$field)),*];
                keys.into_iter().flatten()
            }

            $(fn moment(&self) -> Option<jiff::Timestamp> {
                Some(self.$moment)
            })?
        }
    };
}

pub(crate) use found_by;

//! Enums that stay open: a word newer than us is kept and written back as it came.

/// Declares an enum of words with one more arm, `Unrecognized`, for words we don't know.
macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$arm_doc:meta])* $arm:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$arm_doc])* $arm,)*
            /// A word newer than this build.
            Unrecognized(String),
        }

        impl $name {
            /// Every word known to this build.
            pub const KNOWN: &'static [Self] = &[$(Self::$arm),*];

            /// The word on the wire.
            #[inline]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$arm => $word,)*
                    Self::Unrecognized(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            #[inline]
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$arm,)*
                    newer => Self::Unrecognized(newer.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl crate::read::Read for $name {
            #[inline]
            fn read(node: &crate::read::Node<'_>) -> Self {
                Self::from(node.text())
            }
        }

        crate::read::through_serde!($name);
    };
}

pub(crate) use open_enum;

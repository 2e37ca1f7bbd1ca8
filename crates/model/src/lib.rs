//! Polar's nouns as data: ids, money, open enums, shapes and webhook events.

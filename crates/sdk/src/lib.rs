//! The whole of Polar's API for Rust, typed, and it does not break when Polar adds a word.

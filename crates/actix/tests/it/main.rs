//! The extractor behind actix's own test server.

#[cfg(test)]
mod extractor;

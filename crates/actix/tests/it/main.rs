//! The adapter behind actix's own test server.

#[cfg(test)]
mod extractor;
#[cfg(test)]
mod shop;

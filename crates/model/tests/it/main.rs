//! The nouns as a user of the crate meets them.

#[cfg(test)]
mod basics;
#[cfg(test)]
mod shapes;

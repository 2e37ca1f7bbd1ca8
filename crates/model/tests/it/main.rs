//! The nouns as a user of the crate meets them.

#[cfg(test)]
mod basics;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod received;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod shapes;

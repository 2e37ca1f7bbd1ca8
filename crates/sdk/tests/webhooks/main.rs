//! Webhooks as their receivers meet them: no client, no runtime, no feature of the crate.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod parse;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod signature;
#[cfg(test)]
mod standard;

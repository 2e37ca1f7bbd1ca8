//! The client as its users meet it.

#[cfg(test)]
mod attempts;
#[cfg(test)]
mod axum_shop;
#[cfg(test)]
mod blocking;
#[cfg(test)]
mod downloads;
#[cfg(test)]
mod environment;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod every_operation;
#[cfg(test)]
mod extractor;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod in_process;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod oauth2;
#[cfg(test)]
mod portal;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod script;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod stand;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod versions;

//! The client as its users meet it.

#[cfg(test)]
mod errors;
#[cfg(test)]
mod every_operation;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod stand;
#[cfg(test)]
mod usage;

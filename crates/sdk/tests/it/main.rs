//! The client as its users meet it.

#[cfg(test)]
mod errors;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod stand;
#[cfg(test)]
mod webhooks;

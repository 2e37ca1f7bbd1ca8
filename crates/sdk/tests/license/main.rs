//! Leases as the programs that hold them meet them: no client, no runtime, no network.

#[cfg(test)]
mod clock;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod revocations;
#[cfg(test)]
mod stand;

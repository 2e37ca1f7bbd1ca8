//! The client as its users meet it.

#[cfg(test)]
mod webhooks;

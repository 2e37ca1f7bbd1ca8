//! For servers made of tower services, axum among them: usage counted by a layer.

mod counted;
mod layer;

pub use self::{
    counted::Counted,
    layer::{CountUsage, UsageLayer},
};

//! The polarkit command line.

fn main() {}

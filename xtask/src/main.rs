//! The project's own chores: code generation and tree checks.

fn main() {}

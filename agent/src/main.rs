//! The `swarmlet` command.

fn main() {}

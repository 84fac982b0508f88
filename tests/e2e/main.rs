//! End-to-end cases.

fn main() {}

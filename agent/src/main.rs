//! The `swarmlet` command.

use swarmlet::cli::{self, Exit};

fn main() -> Exit {
    cli::main()
}

//! `cargo run -p ch03-cgroups`: the tour; with `run -- COMMAND`, a container.

use std::process::ExitCode;

fn main() -> ExitCode {
    ch01_namespaces::main::<ch03_cgroups::Cgroups>()
}

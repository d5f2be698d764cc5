//! `cargo run -p ch02-rootfs`: the tour; with `run -- COMMAND`, a container with a root file system
//! of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    ch01_namespaces::main::<ch02_rootfs::RootFileSystems>()
}

//! `cargo run -p ch04-unionfs`: the tour; with `run hostbox COMMAND`, a container on layers.

use std::process::ExitCode;

fn main() -> ExitCode {
    ch01_namespaces::main::<ch04_unionfs::UnionFileSystems>()
}

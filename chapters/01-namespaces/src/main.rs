//! `cargo run -p ch01-namespaces`: the tour; with `run -- COMMAND`, a container.

use std::process::ExitCode;

fn main() -> ExitCode {
    ch01_namespaces::main::<ch01_namespaces::ChapterOne>()
}

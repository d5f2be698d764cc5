//! `cargo run -p ch06-containers`: the tour; with `run -d --name web -p 8080:80 hostbox COMMAND`, a
//! container that has a life.

use std::process::ExitCode;

fn main() -> ExitCode {
    ch06_containers::main()
}

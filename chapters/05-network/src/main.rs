//! `cargo run -p ch05-network`: the tour; with `run -p 8080:80 hostbox COMMAND`, a container on a
//! network.

use std::process::ExitCode;

fn main() -> ExitCode {
    ch01_namespaces::main::<ch05_network::Networking>()
}

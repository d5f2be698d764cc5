//! `cargo run -p ch07-daemon`: the tour; with `daemon`, an engine that the real docker client
//! drives.

use std::process::ExitCode;

fn main() -> ExitCode {
    ch07_daemon::main()
}

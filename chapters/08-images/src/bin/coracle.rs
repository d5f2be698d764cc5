//! `coracle`: the finished tool.

use std::process::ExitCode;

fn main() -> ExitCode {
    ch08_images::main("coracle")
}

//! `cargo run -p ch08-images`: the tour; with a verb, the whole tool.

use std::process::ExitCode;

fn main() -> ExitCode {
    ch08_images::main("ch08-images")
}

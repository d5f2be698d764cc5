//! `coracle`, built beside the tests that drive it.

use std::process::ExitCode;

fn main() -> ExitCode {
    ch08_images::main("coracle")
}

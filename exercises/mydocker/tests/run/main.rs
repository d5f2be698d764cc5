//! `mydocker run` from outside, with whatever answers it was built of.

mod files;
mod identity;
mod limits;
mod processes;
mod refused;
mod running;

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::run([identity::cases(), processes::cases(), files::cases(), limits::cases(), refused::cases()].concat())
}

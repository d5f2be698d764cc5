//! Chapter 1 against the real kernel, each case in a process and a lab of its own.

mod fakes;
mod refused;
mod run;
mod running;
mod shape;
mod tour;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(role) = fakes::Role::asked_for() {
        return role.play();
    }
    testkit::run([shape::cases(), run::cases(), refused::cases(), tour::cases()].concat())
}

//! Chapter 6 against the real kernel, each case in a process and a lab of its own.

mod holes;
mod powers;
mod probe;
mod refused;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    // In a container this program is the attacker.
    if let Some(status) = probe::act_if_asked() {
        return status;
    }
    testkit::run([holes::cases(), powers::cases(), refused::cases()].concat())
}

//! Chapter 3 against the real kernel, each case in a process and a lab of its own, with cgroups of
//! its own.

mod cpu;
mod devices;
mod frozen;
mod io;
mod life;
mod memory;
mod places;
mod processes;
mod refused;
mod running;
mod systemd;
mod tour;
mod user;
mod verbs;

use std::process::ExitCode;

use testkit::Case;

fn main() -> ExitCode {
    let cases = [
        // The longest one first.
        systemd::cases(),
        cpu::cases(),
        memory::cases(),
        processes::cases(),
        frozen::cases(),
        io::cases(),
        devices::cases(),
        places::cases(),
        life::cases(),
        verbs::cases(),
        refused::cases(),
        user::cases(),
        tour::cases(),
    ];
    testkit::run(cases.concat().into_iter().map(Case::with_own_cgroups).collect())
}

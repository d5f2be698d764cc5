//! `mydocker run` from outside, made of the solutions.

mod building;
mod files;
mod identity;
mod images;
mod limits;
mod network;
mod own_program;
mod processes;
mod refused;
mod running;

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::run(
        [
            identity::cases(),
            own_program::cases(),
            processes::cases(),
            building::cases(),
            files::cases(),
            images::cases(),
            limits::cases(),
            network::cases(),
            refused::cases(),
        ]
        .concat(),
    )
}

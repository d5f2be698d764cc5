//! `mydocker run` from outside, made of the solutions.

mod background;
mod building;
mod files;
mod identity;
mod images;
mod limits;
mod network;
mod own_program;
mod powers;
mod processes;
mod pulling;
mod refused;
mod running;

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::run(
        [
            identity::cases(),
            own_program::cases(),
            powers::cases(),
            processes::cases(),
            background::cases(),
            building::cases(),
            pulling::cases(),
            files::cases(),
            images::cases(),
            limits::cases(),
            network::cases(),
            refused::cases(),
        ]
        .concat(),
    )
}

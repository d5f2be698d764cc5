//! Chapter 1 against the real kernel, each case in a process and a lab of its own.

mod command;
mod damaged;
mod fakes;
mod ids;
mod init;
mod join;
mod killed;
mod many;
mod own_binary;
mod refused;
mod run;
mod running;
mod shape;
mod store;
mod terminal;
mod threads;
mod tour;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(role) = fakes::Role::asked_for() {
        return role.play();
    }
    testkit::run(
        [
            shape::cases(),
            killed::cases(),
            run::cases(),
            many::cases(),
            command::cases(),
            init::cases(),
            ids::cases(),
            join::cases(),
            own_binary::cases(),
            store::cases(),
            damaged::cases(),
            terminal::cases(),
            refused::cases(),
            threads::cases(),
            tour::cases(),
        ]
        .concat(),
    )
}

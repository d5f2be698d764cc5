//! Chapter 7 against clients that do what no client should, and against its own end; each case in a
//! process and a lab of its own.

mod bad_input;
mod clients;
mod crashes;
mod events;
mod http;
mod load;
mod prune;
mod remote;
mod sockets;
mod tour;
mod upgrades;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cases = [
        // The longest ones first.
        load::cases(),
        sockets::cases(),
        remote::cases(),
        prune::cases(),
        bad_input::cases(),
        clients::cases(),
        upgrades::cases(),
        crashes::cases(),
        events::cases(),
        tour::cases(),
    ]
    .concat();
    testkit::run(cases.into_iter().map(testkit::Case::with_own_cgroups).collect())
}

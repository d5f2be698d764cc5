//! Chapter 8 against the real kernel, each case in a process and a lab of its own.

mod archives;
mod builds;
mod client;
mod daemon;
mod events;
mod faults;
mod hostile_builds;
mod hostile_registry;
mod images;
mod parameters;
mod registry;
mod tour;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::run(
        [
            // The longest ones first.
            faults::cases(),
            images::cases(),
            builds::cases(),
            registry::cases(),
            hostile_builds::cases(),
            hostile_registry::cases(),
            daemon::cases(),
            parameters::cases(),
            client::cases(),
            tour::cases(),
            events::cases(),
        ]
        .concat(),
    )
}

//! Chapter 6 against the real kernel, each case in a process and a lab of its own.

mod commands;
mod crashes;
mod devices;
mod holes;
mod life;
mod narration;
mod powers;
mod probe;
mod refused;
mod restarts;
mod streams;
mod terminals;
mod tour;
mod volumes;
mod world;

use std::process::ExitCode;

use testkit::Case;

fn main() -> ExitCode {
    // In a container this program is the attacker.
    if let Some(status) = probe::act_if_asked() {
        return status;
    }
    testkit::run(
        [
            // The longest ones first.
            crashes::cases(),
            narration::cases(),
            life::cases(),
            streams::cases(),
            terminals::cases(),
            commands::cases(),
            restarts::cases(),
            volumes::cases(),
            holes::cases(),
            powers::cases(),
            devices::cases(),
            refused::cases(),
            tour::cases(),
        ]
        .concat()
        .into_iter()
        // What still runs when a case ends would leave its cgroups.
        .map(Case::with_own_cgroups)
        .collect(),
    )
}

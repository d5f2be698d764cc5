//! Chapter 4 against the real kernel, each case in a process and a lab of its own.

mod archives;
mod differential;
mod freezing;
mod incoming;
mod index;
mod killed;
mod layers;
mod mounts;
mod orders;
mod places;
mod random;
mod ranges;
mod running;
mod tour;
mod trees;
mod union;

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::run(
        [
            union::cases(),
            layers::cases(),
            index::cases(),
            orders::cases(),
            freezing::cases(),
            incoming::cases(),
            differential::cases(),
            random::cases(),
            killed::cases(),
            places::cases(),
            mounts::cases(),
            ranges::cases(),
            tour::cases(),
        ]
        .concat(),
    )
}

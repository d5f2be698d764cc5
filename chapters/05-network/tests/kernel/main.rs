//! Chapter 5 against the real kernel, each case in a process and a lab of its own.

mod addresses;
mod beside;
mod killed;
mod mistakes;
mod modes;
mod names;
mod narrated;
mod outside;
mod published;
mod races;
mod reach;
mod rootless;
mod tour;
mod untouched;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::enter_if_asked();
    untouched::or_failure(|| {
        testkit::run(
            [
                modes::cases(),
                reach::cases(),
                published::cases(),
                names::cases(),
                addresses::cases(),
                mistakes::cases(),
                beside::cases(),
                rootless::cases(),
                killed::cases(),
                narrated::cases(),
                races::cases(),
                tour::cases(),
                untouched::cases(),
            ]
            .concat(),
        )
    })
}

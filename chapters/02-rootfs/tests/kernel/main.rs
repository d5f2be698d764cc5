//! Chapter 2 against the real kernel, each case in a process and a lab of its own.

mod boxes;
mod devices;
mod environment;
mod escape;
mod failures;
mod leaks;
mod root;
mod rootfs;
mod running;
mod statuses;
mod tour;
mod volumes;

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::run(
        [
            root::cases(),
            devices::cases(),
            volumes::cases(),
            escape::cases(),
            environment::cases(),
            leaks::cases(),
            failures::cases(),
            statuses::cases(),
            rootfs::cases(),
            tour::cases(),
        ]
        .concat(),
    )
}

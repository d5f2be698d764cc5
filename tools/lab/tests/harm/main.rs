//! Whatever is done in a lab, by root too, harms nothing outside and leaves nothing: forks, memory,
//! files, devices, the firewall, cgroups.

mod cgroups;
mod labs;
mod outside;

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::run([cgroups::cases(), outside::cases()].concat())
}

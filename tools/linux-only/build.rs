//! Stops the build on anything but Linux, before a crate that calls the kernel is compiled, with
//! one clear sentence.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Some(sentence) = refusal(&std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default()) {
        println!("cargo::error={sentence}");
    }
}

/// For a target's `target_os`, as `rustc --print cfg` has it.
pub fn refusal(target_os: &str) -> Option<&'static str> {
    (target_os != "linux").then_some(
        "Coracle talks to the Linux kernel, so it builds on Linux only: on macOS use a virtual machine (Lima, Multipass, \
         UTM), on Windows use WSL 2, and run the same command in there.",
    )
}

//! Stops the build on anything but Linux, before a crate that calls the kernel is compiled, with one clear sentence.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        println!(
            "cargo::error=Coracle talks to the Linux kernel, so it builds on Linux only: on macOS use a virtual machine \
             (Lima, Multipass, UTM), on Windows use WSL 2, and run the same command in there."
        );
    }
}

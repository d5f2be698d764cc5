//! Picks, for each step of `run`, whose function it calls: the learner's (the copy that `cargo wb
//! check` keeps of an answer that passed, never the file being edited), else the one lent from the
//! solutions. So this always compiles, and never gets worse while the learner edits.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The exercises that are a step of `run`, or of what is done to a container that runs, as
/// `exercises/README.md` has them: number, chapter, name.
const STEPS: [(&str, &str, &str); 38] = [
    ("1.2", "01-namespaces", "hostname"),
    ("1.3a", "01-namespaces", "pid_one"),
    ("1.3b", "01-namespaces", "init"),
    ("1.4", "01-namespaces", "ids"),
    ("1.9", "01-namespaces", "boot_clock"),
    ("1.10", "01-namespaces", "join"),
    ("1.12", "01-namespaces", "isolation"),
    ("2.1", "02-rootfs", "private_mounts"),
    ("2.4", "02-rootfs", "pivot"),
    ("2.5", "02-rootfs", "minimal_dev"),
    ("2.6a", "02-rootfs", "read_only"),
    ("2.6b", "02-rootfs", "volume"),
    ("3.1a", "03-cgroups", "group"),
    ("3.2", "03-cgroups", "leaf"),
    ("3.3", "03-cgroups", "cpu"),
    ("3.4", "03-cgroups", "memory"),
    ("3.5a", "03-cgroups", "pids"),
    ("3.6", "03-cgroups", "freeze"),
    ("3.9", "03-cgroups", "removal"),
    ("4.2", "04-unionfs", "overlay"),
    ("4.3a", "04-unionfs", "whiteout"),
    ("4.5", "04-unionfs", "changes"),
    ("4.7", "04-unionfs", "copy_layer"),
    ("5.1", "05-network", "loopback"),
    ("5.2a", "05-network", "bridge"),
    ("5.2b", "05-network", "veth"),
    ("5.3a", "05-network", "address"),
    ("5.3b", "05-network", "lease"),
    ("5.4", "05-network", "nat"),
    ("5.5", "05-network", "publish"),
    ("6.2", "06-containers", "detached"),
    ("6.3", "06-containers", "json_log"),
    ("6.4", "06-containers", "raw_mode"),
    ("6.5a", "06-containers", "exec_in"),
    ("6.5b", "06-containers", "leaked"),
    ("6.8", "06-containers", "powers"),
    ("6.10", "06-containers", "filter"),
    ("6.11", "06-containers", "no_new_privs"),
];

/// Those that make images: `load` and `build` call them.
const IMAGES: [(&str, &str, &str); 7] = [
    ("8.1", "08-images", "reference"),
    ("8.2a", "08-images", "verified"),
    ("8.2b", "08-images", "blob_path"),
    ("8.3", "08-images", "platform"),
    ("8.4", "08-images", "dockerfile"),
    ("8.5a", "08-images", "cache_key"),
    ("8.5b", "08-images", "context"),
];

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for every build script"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it for every build script"));
    let checkout = here.parent().and_then(Path::parent).expect("exercises/mydocker lies in a checkout").to_path_buf();
    let passed = checkout.join(".wb/passed");
    // cargo looks into a directory that is there, and builds anew each time for one that isn't.
    if fs::create_dir_all(&passed).is_ok() {
        println!("cargo::rerun-if-changed={}", passed.display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    // Set by .cargo/config.toml: in a copy of a checkout that was built, it is another one.
    println!("cargo::rerun-if-env-changed=CORACLE_TOP");
    let solutions = checkout.join("solutions");
    println!("cargo::rerun-if-changed={}", solutions.display());

    // For `main.rs` and for `solved.rs`, by the names of their crates.
    write(&out.join("mydocker"), Some(&passed), &solutions)?;
    write(&out.join("mydocker_solved"), None, &solutions)
}

fn write(out: &Path, passed: Option<&Path>, solutions: &Path) -> io::Result<()> {
    let mut modules = String::new();
    let mut table = String::new();
    for (id, chapter, name) in STEPS.into_iter().chain(IMAGES) {
        let file = |directory: &Path| directory.join(chapter).join(name).with_extension("rs");
        let (whose, source) = match (passed.map(file), file(solutions)) {
            (Some(yours), _) if yours.is_file() => ("Yours", Some(yours)),
            (_, lent) if lent.is_file() => ("Lent", Some(lent)),
            _ => ("NotBuilt", None),
        };
        if let Some(source) = source {
            // What a kept answer is warned of was said when it was checked.
            // An attack isn't called.
            let silence = if whose == "Yours" { "#[allow(warnings, clippy::all)]\n" } else { "#[allow(dead_code)]\n" };
            let _ = write!(modules, "{silence}#[path = {source:?}]\npub mod {name};\n");
        }
        let _ = writeln!(table, "Step {{ id: {id:?}, whose: Whose::{whose} }},");
    }
    fs::create_dir_all(out)?;
    fs::write(out.join("answers.rs"), modules)?;
    fs::write(out.join("steps.rs"), format!("&[\n{table}]\n"))
}

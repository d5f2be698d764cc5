//! Debian's dockerd beside us: a corpus of Dockerfiles, built by both (`compare-builds` says where
//! the images differ), and images that one gives the other (`exchange`).

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interop::fetched;
use testkit::{Output, needs, run_to_end};

fn main() -> ExitCode {
    // On the machine: dockerd gets namespaces of its own, and a real disk, which no lab has.
    testkit::run(
        testkit::cases![our_builds_and_images_are_those_of_dockerd]
            .into_iter()
            .map(|case| case.on_the_machine().time_limit(LIMIT))
            .collect(),
    )
}

const LIMIT: Duration = Duration::from_secs(400);

fn our_builds_and_images_are_those_of_dockerd() -> Result<()> {
    needs::root()?;
    for program in ["python3", "busybox", "unshare", "setpriv", "iptables"] {
        needs::program(program)?;
    }
    fetched::program("docker")?;
    let dockerd = fetched::file("dockerd/usr/sbin/dockerd")?;
    let output = beside_dockerd("compare-builds")?;
    let corpus = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))?;
    let files = corpus.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    for name in files.filter_map(|name| Some(name.strip_suffix(".Dockerfile")?.to_string())) {
        ensure!(output.stdout.contains(&format!("{name}: ")), "{name} was not built: {}", output.stdout);
    }
    // One after the other: they use the same places.
    let exchanged = beside_dockerd("exchange")?.stdout;
    ensure!(exchanged.lines().filter(|line| line.starts_with("ok ")).count() == 3, "{exchanged}");
    let directory = dockerd.ancestors().nth(4).context("where fetch puts programs")?.join("side-by-side");
    ensure!(!directory.exists(), "its directory is left");
    ensure!(!mentions(Path::new("/proc/self/mountinfo"), "side-by-side")?, "a mount is left");
    Ok(())
}

/// Runs a script of ours, which starts dockerd and us. It is killed with us.
fn beside_dockerd(script: &str) -> Result<Output> {
    let mut command = Command::new("setpriv");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    command.args(["--pdeathsig", "KILL", "python3"]).arg(script);
    command.env("CORACLE", env!("CARGO_BIN_EXE_interop-coracle"));
    let output = run_to_end(command, LIMIT)?;
    ensure!(output.status.success(), "{}\n{}{}", output.status, output.stdout, output.stderr);
    ensure!(output.stderr.is_empty(), "something is left behind: {}", output.stderr);
    Ok(output)
}

fn mentions(file: &Path, text: &str) -> Result<bool> {
    Ok(std::fs::read_to_string(file)?.contains(text))
}

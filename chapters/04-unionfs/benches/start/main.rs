//! How long a container on layers takes against chapter 3's on a plain root; how long an import
//! takes against GNU tar, and `diff` of a few changes in a large image.
//!
//! `cargo bench -p ch04-unionfs`. As root, archives are unpacked on fresh file systems,
//! loop-mounted in a mount namespace of the bench's own: on a used disk GNU tar and we alike swing
//! from 1 to 11 s.

mod files;
mod fresh_disk;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use floor::Times;
use nix::unistd::geteuid;

fn main() -> Result<()> {
    let (store, cache) = (floor::store()?, tempfile::tempdir()?);
    let program = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch04-unionfs"));
        command.arg("--root").arg(store.path()).env("XDG_CACHE_HOME", cache.path()).args(args);
        command.stdin(Stdio::null());
        command
    };
    starts(&program, cache.path())?;
    imports()?;
    diff(&program, cache.path())
}

/// Makes a layer of an archive.
fn import(program: &dyn Fn(&[&str]) -> Command, args: &[&str], archive: &Path) -> Result<()> {
    let mut command = program(&[&["layer", "import", "--quiet"], args].concat());
    ensure!(command.stdin(File::open(archive)?).stdout(Stdio::null()).status()?.success(), "import {args:?} failed");
    Ok(())
}

fn starts(program: &dyn Fn(&[&str]) -> Command, work: &Path) -> Result<()> {
    let plain = work.join("box");
    let plain = plain.to_str().context("a path that is no text")?;
    ensure!(program(&["rootfs", "create", "--quiet", plain]).status()?.success());
    let (archive, small) = (work.join("box.tar"), work.join("small.tar"));
    files::pack(Path::new(plain), &archive)?;
    import(program, &["layer1"], &archive)?;
    for layer in 2..=127 {
        files::one(&format!("file{layer}"), &small)?;
        let (name, parent) = (format!("layer{layer}"), format!("layer{}", layer - 1));
        import(program, &[&name, "--parent", &parent], &small)?;
    }
    let run = |image: &str| program(&[&["run"], floor::ids(), &[image, "/bin/true"]].concat());
    // The container's own layer is the last of them.
    let images = ["layer1", "layer40", "layer127"];
    let mut plains = Times::default();
    let mut layers = [Times::default(), Times::default(), Times::default()];
    let on_plain = || program(&[&["run"], floor::ids(), &["--rootfs", plain, "--", "/bin/true"]].concat());
    Times::default().add(&mut on_plain())?;
    for _ in 0..floor::rounds() {
        plains.add(&mut on_plain())?;
        for (image, times) in images.iter().zip(&mut layers) {
            times.add(&mut run(image))?;
        }
    }
    println!("start to exit of /bin/true, user: {}, {} rounds, medians", geteuid(), floor::rounds());
    println!("  on a plain root, as in chapter 3 {:>7.3} ms", plains.median());
    for (count, times) in [1, 40, 127].iter().zip(&layers) {
        let more = times.median() - plains.median();
        println!(
            "  on {count:>3} layers and its own       {:>7.3} ms   {more:>+6.3} ms   ratio {:.2}",
            times.median(),
            times.ratio_to(&plains)
        );
    }
    Ok(())
}

fn imports() -> Result<()> {
    if !geteuid().is_root() {
        println!("import: only root can mount a fresh disk");
        return Ok(());
    }
    // A look is enough for a test.
    let (count, size, rounds) = if floor::rounds() > 3 { (20_000, 25_000, 5) } else { (200, 2500, 1) };
    let work = tempfile::tempdir()?;
    let archive = work.path().join("large.tar");
    files::large(count, size, &archive)?;
    fresh_disk::keep_mounts_to_ourselves()?;
    let (mut theirs, mut ours) = (Times::default(), Times::default());
    for _ in 0..rounds {
        let disk = fresh_disk::FreshDisk::mount(work.path())?;
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(disk.path()).args(["-xf"]).arg(&archive);
        theirs.add(&mut tar)?;
        drop(disk);
        let disk = fresh_disk::FreshDisk::mount(work.path())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch04-unionfs"));
        command.arg("--root").arg(disk.path().join("store")).args(["layer", "import", "--quiet", "large"]);
        ours.add(command.stdin(File::open(&archive)?).stdout(Stdio::null()))?;
    }
    let megabytes = count as f64 * size as f64 / 1e6;
    println!("import of {megabytes:.0} MB in {count} files on a fresh ext4, {rounds} rounds, medians");
    println!("  tar -xf                 {:>8.1} ms", theirs.median());
    println!("  layer import, hashing   {:>8.1} ms   ratio {:.2}", ours.median(), ours.ratio_to(&theirs));
    Ok(())
}

fn diff(program: &dyn Fn(&[&str]) -> Command, work: &Path) -> Result<()> {
    let count = if floor::rounds() > 3 { 20_000 } else { 200 };
    let archive = work.join("many.tar");
    files::large(count, 10, &archive)?;
    import(program, &["many", "--parent", "layer1"], &archive)?;
    let script = "for i in 0 1 2 3 4; do echo new >/d0/f$i; rm /d1/f$i; done";
    let args = [&["create", "--name", "changed"], floor::ids(), &["many", "sh", "-c", script]].concat();
    ensure!(program(&args).stdout(Stdio::null()).status()?.success());
    ensure!(program(&["start", "changed"]).stdout(Stdio::null()).status()?.success());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !String::from_utf8_lossy(&program(&["ps"]).output()?.stdout).contains("stopped") {
        ensure!(std::time::Instant::now() < deadline, "the container goes on");
    }
    let lines = String::from_utf8(program(&["diff", "changed"]).output()?.stdout)?;
    ensure!(lines.lines().count() == 12, "{lines}");
    // Of the program itself, without a difference to look at.
    let (mut nothing, mut diffs) = (Times::default(), Times::default());
    for _ in 0..floor::rounds().min(50) {
        nothing.add(program(&["info", "--help"]).stdout(Stdio::null()))?;
        diffs.add(program(&["diff", "changed"]).stdout(Stdio::null()))?;
    }
    println!("diff of 10 changes in an image of {count} files: {:.2} ms", diffs.median());
    println!("  the program alone, with --help: {:.2} ms", nothing.median());
    ensure!(program(&["rm", "changed"]).status()?.success());
    Ok(())
}

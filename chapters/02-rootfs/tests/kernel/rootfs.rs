//! `rootfs create` and `rootfs import`.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, needs};

use crate::boxes;
use crate::running::{self, format_output, program, says};

pub fn cases() -> Vec<Case> {
    cases![
        the_default_set_is_small_and_quickly_made,
        a_root_of_chosen_programs_has_those,
        a_busybox_answers_to_its_names,
        a_place_that_is_not_empty_is_left_alone,
        a_missing_program_is_told_and_nothing_is_made,
        what_tar_has_packed_runs_when_imported,
        files_with_holes_are_what_they_were_in_every_format,
        times_and_capabilities_are_kept,
        a_cut_archive_leaves_nothing,
        nothing_in_a_made_root_is_set_user_id,
        the_default_root_is_made_anew_when_it_is_gone,
    ]
}

/// Generous limits: a test isn't a measurement, see `cargo bench`.
fn the_default_set_is_small_and_quickly_made() -> Result<()> {
    let begin = Instant::now();
    let output = program().args(["rootfs", "create", "/tmp/box"]).output()?;
    ensure!(output.status.success() && output.stdout.is_empty(), "{}", format_output(&output));
    ensure!(begin.elapsed() < testkit::patiently(Duration::from_secs(10)), "it took {:?}", begin.elapsed());
    let bytes = size(Path::new("/tmp/box"))?;
    ensure!(bytes < 20_000_000, "{bytes} bytes");
    says(&["--rootfs", "/tmp/box"], "ls / >/dev/null && ps >/dev/null && mount >/dev/null && hostname >/dev/null")?;
    Ok(())
}

fn size(path: &Path) -> Result<u64> {
    let meta = fs::symlink_metadata(path)?;
    if !meta.is_dir() {
        return Ok(if meta.nlink() > 1 { meta.size() / meta.nlink() } else { meta.size() });
    }
    fs::read_dir(path)?.try_fold(0, |sum, entry| Ok(sum + size(&entry?.path())?))
}

fn a_root_of_chosen_programs_has_those() -> Result<()> {
    boxes::small("box")?;
    says(&["--rootfs", "/tmp/box"], "cat /etc/passwd >/dev/null && ! command -v sort")?;
    Ok(())
}

fn a_busybox_answers_to_its_names() -> Result<()> {
    needs::program("busybox")?;
    let output = program().args(["rootfs", "create", "/tmp/box", "--busybox"]).output()?;
    ensure!(output.status.success(), "{}", format_output(&output));
    let said = says(
        &["--rootfs", "/tmp/box"],
        "readlink /usr/bin/ls || readlink /bin/ls; whoami; ps | head -n 2 | tail -n 1; mount >/dev/null",
    )?;
    let lines: Vec<_> = said.lines().collect();
    ensure!(
        lines[0].ends_with("busybox") && lines[1] == "root" && lines[2].trim_start().starts_with("1 "),
        "{lines:?}"
    );
    Ok(())
}

fn a_place_that_is_not_empty_is_left_alone() -> Result<()> {
    fs::create_dir("/tmp/full")?;
    fs::write("/tmp/full/precious", "")?;
    for verb in [&["rootfs", "create", "/tmp/full"][..], &["rootfs", "import", "/tmp/full"]] {
        let output = program().args(verb).stdin(Stdio::null()).output()?;
        ensure!(
            output.status.code() == Some(125) && format_output(&output).contains("not empty"),
            "{}",
            format_output(&output)
        );
    }
    ensure!(boxes::names(Path::new("/tmp/full"))? == ["precious"]);
    // An empty one is taken.
    fs::create_dir("/tmp/empty")?;
    ensure!(program().args(["rootfs", "create", "/tmp/empty", "--with", "sh", "--quiet"]).status()?.success());
    says(&["--rootfs", "/tmp/empty"], "true")?;
    Ok(())
}

fn a_missing_program_is_told_and_nothing_is_made() -> Result<()> {
    for with in ["no-such-program", "/tmp/text"] {
        fs::write("/tmp/text", "neither a program nor a script")?;
        fs::set_permissions("/tmp/text", Permissions::from_mode(0o755))?;
        let output = program().args(["rootfs", "create", "/tmp/box", "--with", "sh", "--with", with]).output()?;
        ensure!(
            output.status.code() == Some(125) && format_output(&output).contains(with),
            "{}",
            format_output(&output)
        );
        let left: Vec<_> = boxes::names(Path::new("/tmp"))?.into_iter().filter(|name| name.contains("box")).collect();
        ensure!(left.is_empty(), "left: {left:?}");
    }
    Ok(())
}

fn what_tar_has_packed_runs_when_imported() -> Result<()> {
    needs::program("tar")?;
    let root = boxes::small("box")?;
    fs::create_dir(root.join("closed"))?;
    fs::write(root.join("closed/file"), "kept")?;
    fs::set_permissions(root.join("closed"), Permissions::from_mode(0o555))?;
    let long = "x".repeat(120);
    fs::create_dir_all(root.join(&long))?;
    fs::write(root.join(&long).join(&long), "a long name")?;
    for format in ["gnu", "pax"] {
        let archive = format!("/tmp/{format}.tar");
        let packed = Command::new("tar").args(["-C", "/tmp/box", "--format", format, "-cf", &archive, "."]).status()?;
        ensure!(packed.success());
        let imported = format!("/tmp/imported-{format}");
        let output = program().args(["rootfs", "import", &imported]).stdin(File::open(&archive)?).output()?;
        ensure!(output.status.success(), "{}", format_output(&output));
        let script = format!("cat /closed/file /{long}/{long}; stat -c ' %a %a' /closed");
        let said = says(&["--rootfs", &imported], &script)?;
        ensure!(said == "kepta long name 555 555", "{said}");
    }
    fs::set_permissions(root.join("closed"), Permissions::from_mode(0o755))?;
    Ok(())
}

fn tar(args: &[&str]) -> Result<()> {
    let output = Command::new("tar").args(args).output()?;
    ensure!(output.status.success(), "tar {args:?}: {}", format_output(&output));
    Ok(())
}

fn files_with_holes_are_what_they_were_in_every_format() -> Result<()> {
    needs::program("tar")?;
    fs::create_dir("/tmp/holes")?;
    // More pieces than fit into one header; one that ends with a hole; one that is nothing else.
    for (name, pieces, size) in [("many", 40u64, 41 << 20), ("few", 2, 3 << 20), ("empty", 0, 5 << 20)] {
        let file = File::create(format!("/tmp/holes/{name}"))?;
        for piece in 0..pieces {
            file.write_all_at(format!("piece {piece}").as_bytes(), piece << 20)?;
        }
        file.set_len(size)?;
    }
    for format in
        [&["--format=gnu"][..], &["--sparse-version=0.0"], &["--sparse-version=0.1"], &["--sparse-version=1.0"]]
    {
        let format = if format[0].contains("gnu") { format.to_vec() } else { [&["--format=posix"], format].concat() };
        tar(&[&["-C", "/tmp/holes", "-Scf", "/tmp/holes.tar"], &format[..], &["many", "few", "empty"]].concat())?;
        let _ = fs::remove_dir_all("/tmp/unpacked");
        let output =
            program().args(["rootfs", "import", "/tmp/unpacked"]).stdin(File::open("/tmp/holes.tar")?).output()?;
        ensure!(output.status.success(), "{format:?}: {}", format_output(&output));
        ensure!(boxes::names(Path::new("/tmp/unpacked"))? == ["empty", "few", "many"], "{format:?}");
        for name in ["many", "few", "empty"] {
            let (was, is) = (format!("/tmp/holes/{name}"), format!("/tmp/unpacked/{name}"));
            ensure!(fs::read(&was)? == fs::read(&is)?, "{format:?}: {name} is another file");
            ensure!(fs::metadata(&is)?.blocks() < 4000, "{format:?}: {name} has lost its holes");
        }
    }
    Ok(())
}

fn times_and_capabilities_are_kept() -> Result<()> {
    needs::root()?;
    needs::program("tar")?;
    needs::program("setcap")?;
    fs::create_dir("/tmp/kept")?;
    fs::write("/tmp/kept/ping", "")?;
    ensure!(Command::new("setcap").args(["cap_net_raw=ep", "/tmp/kept/ping"]).status()?.success());
    ensure!(Command::new("touch").args(["-d", "2001-02-03 04:05:06.75", "/tmp/kept/ping"]).status()?.success());
    tar(&["-C", "/tmp/kept", "--format=posix", "--xattrs", "--xattrs-include=*", "-cf", "/tmp/kept.tar", "."])?;
    let output = program().args(["rootfs", "import", "/tmp/again"]).stdin(File::open("/tmp/kept.tar")?).output()?;
    ensure!(output.status.success(), "{}", format_output(&output));
    let time = |name: &str| fs::metadata(name).map(|meta| (meta.mtime(), meta.mtime_nsec()));
    ensure!(time("/tmp/again/ping")? == time("/tmp/kept/ping")?, "{:?}", time("/tmp/again/ping")?);
    let caps = Command::new("getcap").arg("/tmp/again/ping").output()?;
    ensure!(String::from_utf8_lossy(&caps.stdout).contains("cap_net_raw=ep"), "{}", format_output(&caps));
    Ok(())
}

fn a_cut_archive_leaves_nothing() -> Result<()> {
    needs::program("tar")?;
    boxes::small("box")?;
    ensure!(Command::new("tar").args(["-C", "/tmp/box", "-cf", "/tmp/a.tar", "."]).status()?.success());
    let bytes = fs::read("/tmp/a.tar")?;
    fs::write("/tmp/cut.tar", &bytes[..bytes.len() / 2])?;
    let output = program().args(["rootfs", "import", "/tmp/new"]).stdin(File::open("/tmp/cut.tar")?).output()?;
    ensure!(output.status.code() == Some(125), "{}", format_output(&output));
    ensure!(!Path::new("/tmp/new").exists());
    Ok(())
}

fn nothing_in_a_made_root_is_set_user_id() -> Result<()> {
    let program_with_bit = Path::new("/usr/bin/mount");
    let mode = fs::metadata(program_with_bit).map(|meta| meta.mode()).unwrap_or_default();
    needs::that(mode & 0o4000 != 0, "a set-user-ID mount")?;
    let root = boxes::small("box")?;
    let copied = fs::metadata(root.join("usr/bin/mount")).context("it was not copied")?.mode() & 0o7777;
    ensure!(copied == 0o755, "{copied:o}");
    Ok(())
}

fn the_default_root_is_made_anew_when_it_is_gone() -> Result<()> {
    says(&[], "true")?;
    let cache = Path::new("/tmp/cache/coracle/hostbox");
    let root = boxes::names(cache)?.into_iter().find(|name| name.starts_with("root-")).context("no root")?;
    fs::remove_dir_all(cache.join(root))?;
    says(&[], "true")?;
    fs::write(cache.join("manifest.json"), "damaged")?;
    says(&[], "true")?;
    running::expect_empty_store()
}

//! Dockerfiles and contexts that want this machine's files, memory, or time.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tar::{EntryType, Header};
use testkit::{Case, cases};

use crate::archives::tar;
use crate::world::{context, fails, program, refused, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        variables_that_double_with_each_line_are_refused,
        a_dockerfile_is_a_small_file_of_the_context_or_refused,
        users_are_those_of_the_image_and_not_of_this_machine,
        holes_in_files_count_when_they_are_copied,
        an_image_cannot_move_the_cursor_or_refuse_to_stop,
    ]
}

fn variables_that_double_with_each_line_are_refused() -> Result<()> {
    let long = "x".repeat(1000);
    let begin =
        |verb: &str, doublings: usize| format!("{verb} A={long}\n{}", format!("{verb} A=$A$A\n").repeat(doublings));
    // A label of 4 MB would be the configuration's end, and eight of them never are computed.
    let labels = format!("{}LABEL {}\n", begin("ENV", 10), "x=$A".repeat(8).replace("Ax", "A x"));
    for text in [begin("ARG", 40), begin("ENV", 40), labels] {
        let directory = context(&[("Dockerfile", &format!("FROM scratch\n{text}"))])?;
        let message = fails(&["build", directory])?;
        ensure!(message.contains("variables of this Dockerfile") && message.contains("Dockerfile:"), "{message}");
    }
    let directory = context(&[("Dockerfile", &format!("ARG A={long}\n{}FROM scratch\n", "ARG A=$A$A\n".repeat(40)))])?;
    ensure!(fails(&["build", directory])?.contains("variables of this Dockerfile"));
    Ok(())
}

/// An archive with one more entry, on stdin.
fn build_of_archive(entry: EntryType, name: &str, target: &str) -> Result<String> {
    let mut archive = tar::Builder::new(tar(&[("page", b"page")])?);
    let mut header = Header::new_gnu();
    header.set_entry_type(entry);
    header.set_size(0);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_device_major(1)?;
    header.set_device_minor(5)?;
    match target {
        "" => archive.append_data(&mut header, name, std::io::empty())?,
        target => archive.append_link(&mut header, name, target)?,
    }
    let bytes = archive.into_inner()?;
    // The first two blocks of zeros would end it: ours come behind them.
    let bytes = [&bytes[..1024], &bytes[2048..]].concat();
    let mut child = program(&["build", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    let writer = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    let output = child.wait_with_output()?;
    writer.join().ok();
    refused(output, &[name, target])
}

fn a_dockerfile_is_a_small_file_of_the_context_or_refused() -> Result<()> {
    fs::write("/tmp/secret", "FROM scratch\n")?;
    for (kind, target) in [
        (EntryType::Symlink, "/dev/zero"),
        (EntryType::Symlink, "/tmp/secret"),
        (EntryType::Fifo, ""),
        (EntryType::Char, ""),
    ] {
        for name in ["Dockerfile", ".dockerignore"] {
            let message = build_of_archive(kind, name, target)?;
            ensure!(
                ["outside the build context", "not a regular file", "file not found"]
                    .iter()
                    .any(|said| message.contains(said)),
                "{kind:?} {name} {target}: {message}"
            );
        }
    }
    for name in ["Dockerfile", ".dockerignore"] {
        let directory = context(&[("Dockerfile", "FROM scratch\n")])?;
        let path = Path::new(directory).join(name);
        let _ = fs::remove_file(&path);
        // A hole: it takes no place on the disk, and all of the memory.
        File::create(&path)?.set_len(1 << 40)?;
        ensure!(fails(&["build", directory])?.contains("larger than 1 MiB"), "{name}");
        fs::remove_file(&path)?;
        mkfifo(&path, Mode::S_IRWXU)?;
        ensure!(fails(&["build", directory])?.contains("not a regular file"), "{name}");
        fs::remove_file(&path)?;
    }
    Ok(())
}

fn users_are_those_of_the_image_and_not_of_this_machine() -> Result<()> {
    fs::write("/tmp/users", "mallory:x:4711:4712::/:/bin/sh\n")?;
    let text = "FROM hostbox\nRUN rm -f /etc/passwd && ln -s ../../../../../../../../tmp/users /etc/passwd\n\
                COPY --chown=mallory page /page\n";
    let directory = context(&[("Dockerfile", text), ("page", "page")])?;
    let message = fails(&["build", directory])?;
    ensure!(message.contains("no user \"mallory\""), "{message}");
    // In the image itself it is found.
    let text = "FROM hostbox\nRUN echo mallory:x:11:12::/:/bin/sh >/etc/more && ln -sf more /etc/passwd\n\
                COPY --chown=mallory page /page\nRUN ls -ln /page >/seen\n";
    context(&[("Dockerfile", text)])?;
    let built = program(&["build", "-t", "owned", directory]).output()?;
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    ensure!(built.status.success() || said.contains("not mapped") || said.contains("subuid"), "{said}");
    Ok(())
}

fn holes_in_files_count_when_they_are_copied() -> Result<()> {
    let directory = context(&[("Dockerfile", "FROM scratch\nCOPY huge /huge\n")])?;
    File::create("/tmp/context/huge")?.set_len(1 << 40)?;
    ensure!(fails(&["build", directory])?.contains("holes in files counted"));
    fs::remove_file("/tmp/context/huge")?;
    // The same in an archive that ADD unpacks: GNU tar knows how.
    File::create("/tmp/huge")?.set_len(1 << 40)?;
    let packed =
        std::process::Command::new("tar").args(["-C", "/tmp", "-cSf", "/tmp/context/a.tar", "huge"]).output()?;
    ensure!(packed.status.success() && fs::metadata("/tmp/context/a.tar")?.len() < 1 << 20);
    context(&[("Dockerfile", "FROM scratch\nADD a.tar /\n")])?;
    ensure!(fails(&["build", directory])?.contains("holes in files counted"));
    Ok(())
}

/// An image says what made it, which ports it has and which signal ends it, in whatever words.
fn an_image_cannot_move_the_cursor_or_refuse_to_stop() -> Result<()> {
    succeeds(&["save", "-o", "/tmp/hostbox.tar", "hostbox"])?;
    let unpacked = std::process::Command::new("tar").args(["-C", "/tmp", "-xf", "/tmp/hostbox.tar"]).output()?;
    ensure!(unpacked.status.success());
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read("/tmp/manifest.json")?)?;
    let path = |key: &serde_json::Value| format!("/tmp/{}", key.as_str().unwrap_or_default());
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(path(&manifest[0]["Config"]))?)?;
    config["history"][0]["created_by"] = "\u{1b}]0;owned\u{7}".into();
    config["config"]["StopSignal"] = "SIGRTMIN+2147483647".into();
    config["config"]["Env"] = serde_json::json!(["HOME=/", "XDG_CACHE_HOME"]);
    config["config"]["ExposedPorts"] = serde_json::json!({"80/tcp\u{1b}[2J": {}});
    let layer = fs::read(path(&manifest[0]["Layers"][0]))?;
    crate::archives::docker_archive(Path::new("/tmp/hostile.tar"), &layer, &config, "layer.tar")?;
    succeeds(&["load", "-i", "/tmp/hostile.tar"])?;
    succeeds(&["run", "-d", "--name", "hostile", "hostile:1", "sleep", "1000"])?;
    for verb in [&["history", "hostile:1"][..], &["ps"], &["top", "hostile"]] {
        let said = succeeds(verb)?;
        ensure!(!said.contains(['\u{1b}', '\u{7}']), "{verb:?}: {said:?}");
    }
    ensure!(succeeds(&["history", "hostile:1"])?.contains("\\u{1b}]0;owned"));
    ensure!(!succeeds(&["exec", "hostile", "env"])?.contains("XDG_CACHE_HOME"));
    succeeds(&["stop", "-t", "0", "hostile"])?;
    let message = fails(&["run", "hostile:1/\u{1b}[2J"])?;
    ensure!(!message.contains('\u{1b}'), "{message:?}");
    Ok(())
}

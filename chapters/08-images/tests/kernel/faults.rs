//! A full disk, and `kill -9` at any moment: the store stays whole, and the next try works.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount, umount};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use testkit::{Case, cases, root_cases};

use crate::archives::{config, docker_archive, oci_archive, tar};
use crate::registry::{answer_for, image_of, serve_by};
use crate::world::{blobs, context, fails, program, refused, said, succeeds};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        damage_on_disk_is_found_and_named,
        a_damaged_image_is_removed_and_others_come_and_go,
        what_a_killed_load_unpacked_is_pruned,
        a_load_that_is_killed_anywhere_can_be_done_again,
        a_build_that_is_killed_anywhere_can_be_done_again,
        a_pull_that_is_killed_anywhere_can_be_done_again,
        a_removal_that_is_killed_anywhere_can_be_done_again,
        an_interrupted_build_leaves_no_container,
        two_builds_of_one_context_at_once_agree,
    ];
    // It mounts the disk.
    cases.extend(root_cases![a_full_disk_leaves_a_whole_store, a_disk_that_a_pull_or_a_build_fills_is_free_again]);
    cases
}

/// The store says that it is whole.
fn is_whole() -> Result<()> {
    let told = succeeds(&["system", "check"])?;
    ensure!(told.ends_with(" 0 damaged"), "{told}");
    Ok(())
}

fn load() -> Result<std::process::Output> {
    Ok(program(&["load"]).stdin(fs::File::open("/tmp/a.tar")?).output()?)
}

/// Of some megabytes, so that a load takes a while.
fn large_archive() -> Result<()> {
    let content: Vec<u8> = (0..4u32 << 20).map(|byte| (byte.wrapping_mul(2654435761) >> 13) as u8).collect();
    let members: Vec<(String, &[u8])> = (0..16).map(|number| (format!("f{number}"), &content[number..])).collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    let layer = tar(&members)?;
    docker_archive(Path::new("/tmp/a.tar"), &layer, &config(&layer), "layer.tar")
}

fn damage_on_disk_is_found_and_named() -> Result<()> {
    let layer = tar(&[("f", b"content")])?;
    docker_archive(Path::new("/tmp/a.tar"), &layer, &config(&layer), "layer.tar")?;
    said(load()?, &["load"])?;
    is_whole()?;
    let directory = Path::new("/tmp/store/data/images/blobs/sha256");
    let names = blobs()?;
    for name in &names {
        let (path, whole) = (directory.join(name), fs::read(directory.join(name))?);
        fs::write(&path, [&whole[..whole.len() - 1], b"#"].concat())?;
        let output = program(&["system", "check"]).output()?;
        let told = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.code() == Some(1) && told.contains(&format!("sha256:{name}")), "{name}: {told}");
        fs::remove_file(&path)?;
        let output = program(&["system", "check"]).output()?;
        ensure!(output.status.code() == Some(1), "{name} is gone, and nobody noticed");
        fs::write(&path, whole)?;
    }
    is_whole()
}

/// An image of one small layer, in an archive; its blobs' names: manifest and configuration.
fn loaded(name: &str, content: &[u8]) -> Result<[String; 2]> {
    let layer = tar(&[("f", content)])?;
    let archive = Path::new("/tmp/other.tar");
    oci_archive(archive, &layer, &config(&layer), &format!("docker.io/library/{name}"))?;
    succeeds(&["load", "-i", "/tmp/other.tar"])?;
    let index: serde_json::Value = serde_json::from_slice(&fs::read("/tmp/store/data/images/index.json")?)?;
    let entries = index["manifests"].as_array().context("a list")?;
    let is_ours = |entry: &&serde_json::Value| entry["annotations"].to_string().contains(name);
    let digest = entries.iter().find(is_ours).and_then(|entry| entry["digest"].as_str()).context("not in the index")?;
    let hex = |digest: &str| digest.trim_start_matches("sha256:").to_string();
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(blob(&hex(digest)))?)?;
    Ok([hex(digest), hex(manifest["config"]["digest"].as_str().context("a digest")?)])
}

fn blob(hex: &str) -> PathBuf {
    Path::new("/tmp/store/data/images/blobs/sha256").join(hex)
}

fn a_damaged_image_is_removed_and_others_come_and_go() -> Result<()> {
    let damages: [fn(&Path) -> std::io::Result<()>; 2] = [|path| fs::write(path, "{}"), |path| fs::remove_file(path)];
    for (part, damage) in [(0, damages[0]), (0, damages[1]), (1, damages[0]), (1, damages[1])] {
        let broken = loaded("broken:1", b"broken")?;
        damage(&blob(&broken[part]))?;
        // Others are not concerned.
        loaded("other:1", b"other")?;
        ensure!(succeeds(&["rmi", "other:1"])?.contains("Deleted"));
        // Without --force the cure is told, and it is one.
        let message = fails(&["rmi", "broken:1"])?;
        ensure!(message.contains("cure: ") && message.contains("rmi --force broken:1"), "{message}");
        for name in ["broken:1", &broken[0], &format!("sha256:{}", broken[part])] {
            ensure!(succeeds(&["rmi", "--force", name])?.contains("Deleted"), "{name}");
            ensure!(blobs()?.is_empty(), "{name}: {:?}", blobs()?);
            ensure!(!succeeds(&["layer", "ls"])?.contains("image:"), "{name}: a layer is left");
            is_whole()?;
            loaded("broken:1", b"broken")?;
            damage(&blob(&broken[part]))?;
        }
        // One of two names, and then the last.
        loaded("broken:2", b"broken")?;
        damage(&blob(&broken[part]))?;
        ensure!(!succeeds(&["rmi", "-f", "broken:2"])?.contains("Deleted"));
        // The same image again mends it.
        loaded("broken:1", b"broken")?;
        is_whole()?;
        // One without a name is pruned.
        loaded("broken:1", b"others")?;
        damage(&blob(&broken[part]))?;
        ensure!(succeeds(&["image", "prune"])?.contains("Deleted: "));
        is_whole()?;
        ensure!(succeeds(&["rmi", "broken:1"])?.contains("Deleted"));
        ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    }
    Ok(())
}

fn what_a_killed_load_unpacked_is_pruned() -> Result<()> {
    let broken = loaded("broken:1", b"broken")?;
    let kept = || succeeds(&["layer", "ls"]).map(|layers| layers.matches("image:").count());
    ensure!(kept()? == 1);
    // As if it had been killed before the image was in the index.
    fs::write("/tmp/store/data/images/index.json", r#"{"schemaVersion": 2, "manifests": []}"#)?;
    succeeds(&["image", "prune"])?;
    ensure!(kept()? == 0 && blobs()?.is_empty(), "{:?}", blobs()?);
    // While somebody brings an image, its layers stay, and also those of other kinds of names.
    loaded("broken:1", b"broken")?;
    let text = fs::read("/tmp/store/data/images/index.json")?;
    fs::write("/tmp/store/data/images/index.json", r#"{"schemaVersion": 2, "manifests": []}"#)?;
    let growing = fs::File::options().append(true).open("/tmp/store/data/images/growing")?;
    growing.lock_shared()?;
    succeeds(&["image", "prune"])?;
    drop(growing);
    ensure!(kept()? == 1 && blob(&broken[0]).exists());
    fs::write("/tmp/store/data/images/index.json", text)?;
    succeeds(&["image", "prune"])?;
    ensure!(kept()? == 1, "a layer of an image went");
    is_whole()
}

fn a_full_disk_leaves_a_whole_store() -> Result<()> {
    large_archive()?;
    fs::create_dir_all("/tmp/store")?;
    mount(Some("tmpfs"), "/tmp/store", Some("tmpfs"), MsFlags::empty(), Some("size=80m,mode=755"))
        .context("mount tmpfs")?;
    let full = || -> Result<()> {
        // The blob has room, the unpacked layer has none.
        let message = refused(load()?, &["load"])?;
        ensure!(message.contains("ENOSPC") || message.contains("No space left"), "{message}");
        is_whole()?;
        ensure!(!succeeds(&["images"])?.contains("hostile"));
        // What is small fits: nothing of the large one is in its way.
        let layer = tar(&[("f", &[b'x'; 8 << 20])])?;
        docker_archive(Path::new("/tmp/a.tar"), &layer, &config(&layer), "layer.tar")?;
        for _ in 0..3 {
            said(load()?, &["load"])?;
            succeeds(&["rmi", "hostile:1"])?;
        }
        is_whole()?;
        ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
        a_removal_without_a_free_byte()
    };
    let result = full();
    umount("/tmp/store")?;
    result
}

/// It is done, or it says why it isn't, and works when there is room.
fn a_removal_without_a_free_byte() -> Result<()> {
    said(load()?, &["load"])?;
    let filled = std::io::copy(&mut std::io::repeat(0), &mut fs::File::create("/tmp/store/filler")?);
    ensure!(filled.is_err_and(|error| error.kind() == std::io::ErrorKind::StorageFull), "the disk isn't full");
    let removal = program(&["rmi", "hostile:1"]).output()?;
    fs::remove_file("/tmp/store/filler")?;
    is_whole()?;
    if !removal.status.success() {
        let message = String::from_utf8_lossy(&removal.stderr);
        ensure!(message.contains("ENOSPC") || message.contains("No space left"), "{message}");
        ensure!(succeeds(&["images"])?.contains("hostile"), "it failed, and the image is gone");
        succeeds(&["rmi", "hostile:1"])?;
    }
    is_whole()?;
    ensure!(!succeeds(&["images"])?.contains("hostile") && blobs()?.is_empty(), "{:?}", blobs()?);
    Ok(())
}

/// Runs a command and kills it, with all that it started, after a moment that a seed chooses;
/// whether it had ended before.
fn killed(args: &[&str], after: Duration) -> Result<bool> {
    use std::os::unix::process::CommandExt;
    let mut command = program(args);
    command.stdin(fs::File::open("/tmp/a.tar").map_or_else(|_| Stdio::null(), Stdio::from));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()?;
    std::thread::sleep(after);
    let had_ended = child.try_wait()?.is_some();
    let _ = killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL);
    child.wait()?;
    Ok(had_ended)
}

/// Numbers that look random, from a seed that is printed.
fn moments(count: usize, most: Duration) -> Vec<Duration> {
    let mut seed =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |time| time.as_nanos() as u64) | 1;
    eprintln!("seed {seed}");
    (0..count)
        .map(|_| {
            // xorshift64.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            most.mul_f64((seed >> 11) as f64 / (1u64 << 53) as f64)
        })
        .collect()
}

fn a_load_that_is_killed_anywhere_can_be_done_again() -> Result<()> {
    large_archive()?;
    let begun = std::time::Instant::now();
    said(load()?, &["load"])?;
    let whole = begun.elapsed();
    succeeds(&["rmi", "hostile:1"])?;
    let mut cut = 0;
    for after in moments(12, whole) {
        cut += u32::from(!killed(&["load"], after)?);
        is_whole().with_context(|| format!("killed after {after:?} of {whole:?}"))?;
    }
    ensure!(cut > 0, "each load had ended before it was killed");
    said(load()?, &["load"])?;
    succeeds(&["rmi", "hostile:1"])?;
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    ensure!(!succeeds(&["layer", "ls"])?.contains("image:"), "a layer is left");
    Ok(())
}

fn a_build_that_is_killed_anywhere_can_be_done_again() -> Result<()> {
    let text = "FROM hostbox\nCOPY page /page\nRUN cat /page > /copy\nRUN test -s /copy\nCMD [\"cat\", \"/copy\"]\n";
    let directory = context(&[("Dockerfile", text), ("page", "content")])?;
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    let begun = std::time::Instant::now();
    succeeds(&["build", "--no-cache", "-t", "whole:1", directory])?;
    let whole = begun.elapsed();
    let mut cut = 0;
    for after in moments(10, whole) {
        cut += u32::from(!killed(&["build", "--no-cache", "-t", "cut:1", directory], after)?);
        is_whole().with_context(|| format!("killed after {after:?} of {whole:?}"))?;
    }
    ensure!(cut > 0, "each build had ended before it was killed");
    succeeds(&["build", "-t", "cut:1", directory])?;
    ensure!(succeeds(&["run", "--rm", "cut:1"])? == "content");
    no_container_is_left()
}

/// A step's container is no container of the user's.
fn no_container_is_left() -> Result<()> {
    let left = succeeds(&["ps", "-aq"])?;
    ensure!(left.is_empty(), "containers are left: {left}");
    Ok(())
}

fn an_interrupted_build_leaves_no_container() -> Result<()> {
    let directory = context(&[("Dockerfile", "FROM hostbox\nRUN echo begun; sleep 1000\n")])?;
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut build = program(&["build", "-t", "cut:1", directory]).stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(build.stdout.take().context("a pipe")?).lines();
        lines.find(|line| line.as_ref().is_ok_and(|line| line == "begun")).context("the step never began")??;
        kill(Pid::from_raw(build.id() as i32), signal)?;
        let status = build.wait()?;
        ensure!(status.code() == Some(128 + signal as i32), "{signal}: {status}");
        no_container_is_left()?;
        ensure!(!succeeds(&["images"])?.contains("cut"));
    }
    is_whole()
}

fn two_builds_of_one_context_at_once_agree() -> Result<()> {
    let directory = context(&[("Dockerfile", "FROM hostbox\nCOPY page /page\nRUN cp /page /copy\n"), ("page", "1")])?;
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    let build = |name: &str| program(&["build", "-q", "-t", name, directory]).stdout(Stdio::null()).spawn();
    let mut builds = [build("a:1")?, build("b:1")?, build("c:1")?];
    for build in &mut builds {
        ensure!(build.wait()?.success());
    }
    for name in ["a:1", "b:1", "c:1"] {
        ensure!(succeeds(&["run", "--rm", name, "cat", "/copy"])? == "1", "{name}");
    }
    is_whole()?;
    ensure!(fails(&["build", "/tmp/none"])?.contains("/tmp/none"));
    Ok(())
}

/// The archive's layer, from a registry.
fn serve_large() -> Result<String> {
    let content: Vec<u8> = (0..4u32 << 20).map(|byte| (byte.wrapping_mul(2654435761) >> 13) as u8).collect();
    let members: Vec<(String, &[u8])> = (0..8).map(|number| (format!("f{number}"), &content[number..])).collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    let answers = image_of(&tar(&members)?, <[u8]>::to_vec);
    let port = serve_by(move |request, mut stream| {
        let whole = answer_for(&answers, &request.path);
        Ok(std::io::Write::write_all(&mut stream, &whole)?)
    })?;
    Ok(format!("localhost:{port}/large:1"))
}

fn a_pull_that_is_killed_anywhere_can_be_done_again() -> Result<()> {
    let name = serve_large()?;
    let begun = std::time::Instant::now();
    succeeds(&["pull", &name])?;
    let whole = begun.elapsed();
    succeeds(&["rmi", &name])?;
    let mut cut = 0;
    for after in moments(12, whole) {
        cut += u32::from(!killed(&["pull", &name], after)?);
        is_whole().with_context(|| format!("killed after {after:?} of {whole:?}"))?;
    }
    ensure!(cut > 0, "each pull had ended before it was killed");
    succeeds(&["pull", &name])?;
    succeeds(&["rmi", &name])?;
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    ensure!(!succeeds(&["layer", "ls"])?.contains("image:"), "a layer is left");
    Ok(())
}

fn a_removal_that_is_killed_anywhere_can_be_done_again() -> Result<()> {
    large_archive()?;
    said(load()?, &["load"])?;
    let begun = std::time::Instant::now();
    succeeds(&["rmi", "hostile:1"])?;
    let whole = begun.elapsed();
    let mut cut = 0;
    for after in moments(12, whole) {
        said(load()?, &["load"])?;
        cut += u32::from(!killed(&["rmi", "hostile:1"], after)?);
        is_whole().with_context(|| format!("killed after {after:?} of {whole:?}"))?;
        // It is there or it is gone; what is left of it the next removal takes.
        let output = program(&["rmi", "hostile:1"]).output()?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success() || told.contains("No such image"), "{told}");
        succeeds(&["image", "prune"])?;
        ensure!(blobs()?.is_empty(), "{after:?}: {:?}", blobs()?);
        ensure!(!succeeds(&["layer", "ls"])?.contains("image:"), "{after:?}: a layer is left");
    }
    ensure!(cut > 0, "each removal had ended before it was killed");
    Ok(())
}

fn a_disk_that_a_pull_or_a_build_fills_is_free_again() -> Result<()> {
    let name = serve_large()?;
    fs::create_dir_all("/tmp/store")?;
    mount(Some("tmpfs"), "/tmp/store", Some("tmpfs"), MsFlags::empty(), Some("size=90m,mode=755"))
        .context("mount tmpfs")?;
    let is_full = |message: &str| message.contains("ENOSPC") || message.contains("No space left");
    let full = || -> Result<()> {
        succeeds(&["run", "--rm", "hostbox", "true"])?;
        let left = |what: &str| -> Result<()> {
            is_whole().with_context(|| what.to_string())?;
            no_container_is_left()?;
            let images = succeeds(&["images"])?;
            ensure!(images.lines().count() == 2 && images.contains("hostbox"), "{what}: {images}");
            succeeds(&["image", "prune", "--steps"])?;
            Ok(())
        };
        // A file of somebody else's takes the room that a pull would need.
        fs::write("/tmp/store/other", vec![1; 20 << 20])?;
        let message = fails(&["pull", &name])?;
        ensure!(is_full(&message), "{message}");
        left("pull")?;
        let many = context(&[("Dockerfile", "FROM hostbox\nRUN head -c 90000000 /dev/zero > /large\n")])?;
        let output = program(&["build", "-t", "full:1", many]).output()?;
        let told = [output.stdout, output.stderr].concat();
        ensure!(!output.status.success() && is_full(&String::from_utf8_lossy(&told)), "{:?}", output.status);
        left("RUN")?;
        let large = context(&[("Dockerfile", "FROM hostbox\nCOPY large /large\n")])?;
        fs::write("/tmp/context/large", vec![1; 40 << 20])?;
        let message = fails(&["build", "-t", "full:1", large])?;
        ensure!(is_full(&message) && message.contains("Dockerfile:2"), "{message}");
        left("COPY")?;
        // With room again, all of it works.
        fs::write("/tmp/context/large", "small")?;
        succeeds(&["build", "-t", "full:1", large])?;
        succeeds(&["rmi", "full:1"])?;
        succeeds(&["image", "prune", "--steps"])?;
        fs::remove_file("/tmp/store/other")?;
        Ok(())
    };
    let result = full();
    umount("/tmp/store")?;
    result
}

//! Images that are there without a network: `hostbox`, this machine's own programs; and `busybox`,
//! where the machine has a busybox that needs no libraries.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use ch04_unionfs::{hostbox, write_layer};
use serde_json::json;

use crate::Reference;
use crate::config::new_config;
use crate::layout::{Descriptor, Found, ImageStore, media_type};

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Whether a name is one of theirs: it needs no registry.
pub fn is_made_here(name: &Reference) -> bool {
    ["hostbox:latest", "busybox:latest"].contains(&name.familiar().as_str())
}

/// Finds an image, and makes one of these if it is the one that is asked for.
pub fn find(images: &ImageStore, name: &str) -> Result<Found> {
    match name.parse::<Reference>() {
        Ok(reference) if reference.familiar() == "hostbox:latest" => of_this_machine(images, &reference),
        Ok(reference) if reference.familiar() == "busybox:latest" => {
            images.find(name).or_else(|missing| static_busybox(images, &reference)?.ok_or(missing))
        }
        _ => images.find(name),
    }
}

/// `hostbox`: chapter 4's layer as an image. It is made again when the machine's programs have
/// changed.
fn of_this_machine(images: &ImageStore, name: &Reference) -> Result<Found> {
    let chain = hostbox::layer(images.layers())?;
    let old = images.find("hostbox").ok();
    if let Some(found) = old.as_ref().filter(|found| found.layer() == Some(chain)) {
        return Ok(found.clone());
    }
    let growing = images.growing()?;
    let blob = archive(images, |file| write_layer(images.layers(), &chain, file))?;
    let diff = images.layers().layer(&chain)?.context("the layer hostbox was removed by another command")?.diff;
    let diff = if blob.digest == diff { diff } else { blob.digest };
    made(images, growing, name, blob, &diff, "this machine's programs")
}

/// An archive is written in the process that may read the files, which can't hand bytes back but
/// through a file.
fn archive(images: &ImageStore, write: impl FnOnce(File) -> Result<()>) -> Result<crate::layout::Copied> {
    let file = tempfile::tempfile().context("cannot make a temporary file")?;
    write(file.try_clone()?)?;
    let length = file.metadata()?.len();
    let mut file = file;
    std::io::Seek::rewind(&mut file)?;
    images.put(file, None, length)
}

/// `busybox`: one program with many names.
fn static_busybox(images: &ImageStore, name: &Reference) -> Result<Option<Found>> {
    let Some(program) = ["/bin/busybox", "/usr/bin/busybox"].iter().map(Path::new).find(|path| is_static(path)) else {
        return Ok(None);
    };
    let listed = Command::new(program).arg("--list").output().context("cannot ask busybox for its names")?;
    let file = tempfile::tempfile().context("cannot make a temporary file")?;
    let mut archive = tar::Builder::new(file);
    let header = |kind: tar::EntryType, mode: u32, size: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header
    };
    for (directory, mode) in [
        ("bin", 0o755),
        ("dev", 0o755),
        ("etc", 0o755),
        ("home", 0o755),
        ("proc", 0o755),
        ("root", 0o700),
        ("sys", 0o755),
        ("tmp", 0o1777),
        ("usr", 0o755),
        ("var", 0o755),
    ] {
        let mut header = header(tar::EntryType::Directory, mode, 0);
        archive.append_data(&mut header, format!("{directory}/"), std::io::empty())?;
    }
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    archive.append_data(&mut header(tar::EntryType::Regular, 0o755, bytes.len() as u64), "bin/busybox", &bytes[..])?;
    for applet in
        String::from_utf8_lossy(&listed.stdout).lines().filter(|name| *name != "busybox" && !name.contains('/'))
    {
        archive.append_link(&mut header(tar::EntryType::Symlink, 0o777, 0), format!("bin/{applet}"), "busybox")?;
    }
    let users: [(&str, &[u8]); 2] = [
        ("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
        ("etc/group", b"root:x:0:\nnogroup:x:65534:\n"),
    ];
    for (place, text) in users {
        archive.append_data(&mut header(tar::EntryType::Regular, 0o644, text.len() as u64), place, text)?;
    }
    let mut file = archive.into_inner()?;
    file.flush()?;
    let length = file.metadata()?.len();
    std::io::Seek::rewind(&mut file)?;
    let growing = images.growing()?;
    let blob = images.put(file, None, length)?;
    made(images, growing, name, blob, &blob.digest, "this machine's busybox").map(Some)
}

/// Whether a program needs no loader: no `PT_INTERP`, which is the word of its path in the file's
/// head.
fn is_static(path: &Path) -> bool {
    let Ok(bytes) = fs::read(path) else { return false };
    let head = &bytes[..bytes.len().min(4096)];
    head.starts_with(b"\x7fELF") && !head.windows(8).any(|window| window == b"ld-linux" || window == b"/ld-musl")
}

fn made(
    images: &ImageStore,
    growing: File,
    name: &Reference,
    blob: crate::layout::Copied,
    diff: &ch04_unionfs::digest::Digest,
    what: &str,
) -> Result<Found> {
    let layer = Descriptor::new(media_type::LAYER, blob);
    let history = [json!({"created": "1970-01-01T00:00:00Z", "created_by": what})];
    let config = json!({"Env": [PATH], "Cmd": ["sh"]});
    let config = new_config("1970-01-01T00:00:00Z", &config, &[*diff], &history);
    let before = images.find(&name.familiar()).ok();
    let found = images.add_made(&serde_json::to_vec(&config)?, vec![layer], Some(name))?;
    drop(growing);
    // The one that it takes the place of has no other use, but for containers: then it stays without a
    // name, as in Docker, and `image prune` removes it.
    let is_used = |image: &Found| image.layer().is_some_and(|top| images.layers().is_used(&top).unwrap_or(true));
    let goes = |before: &Found| before.id() != found.id() && before.names.len() == 1 && !is_used(before);
    if let Some(before) = before.filter(goes) {
        let _ = images.remove(&before.id().to_string(), true, &[]);
    }
    Ok(found)
}

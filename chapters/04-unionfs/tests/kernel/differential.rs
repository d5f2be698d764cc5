//! The same archives, unpacked by others: GNU tar, and umoci, which knows whiteouts.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, needs};

use crate::running::{Running, World, format_output, programs, with_both};
use crate::trees::{Tree, expect_same, tree};

pub fn cases() -> Vec<Case> {
    cases![gnu_tar_unpacks_the_same_files_in_each_format, gnu_tar_reads_what_goes_out, umoci_unpacks_the_same_image,]
}

fn run(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", format_output(&output));
    Ok(output.stdout)
}

fn shell(script: &str) -> Result<()> {
    run(Command::new("sh").args(["-euc", script])).map(drop)
}

/// Files of all kinds, with names of all kinds.
const FILES: &str = r#"mkdir -p /tmp/files/dir/sub /tmp/files/closed && cd /tmp/files
    echo text >dir/file && echo more >dir/sub/file && : >empty && printf 'x%.0s' $(seq 5000) >large
    ln -s dir/file link && ln -s /nowhere broken && ln dir/file hard && mkfifo fifo
    truncate -s 3M holes && printf end >>holes && chmod 4755 large && chmod 1777 dir/sub
    echo a >'name with spaces' && echo b >"$(printf 'new\nline')" && echo c >"$(printf '\377\376')"
    long=$(printf 'n%.0s' $(seq 150)) && mkdir -p "$long/$long" && echo d >"$long/$long/$long"
    find . -exec touch -h -d '2001-02-03 04:05:06.5' {} +
    chmod 555 closed"#;

fn pack(format: &str) -> Result<Vec<u8>> {
    // Root's, inside of whatever namespace it is unpacked in.
    run(Command::new("tar").args(["-C", "/tmp/files", "--owner=0", "--group=0", "-S", format, "-cf", "-", "."]))
}

fn gnu_tar_unpacks_the_same_files_in_each_format() -> Result<()> {
    needs::program("tar")?;
    shell(FILES)?;
    with_both(|world| {
        for format in ["--format=gnu", "--format=posix"] {
            let archive = pack(format)?;
            let chain = world.layer("base", None, &archive)?;
            fs::write("/tmp/a.tar", &archive)?;
            let theirs = format!("/tmp/theirs-{}{format}", world.driver);
            fs::create_dir(&theirs)?;
            // An ordinary user's files are theirs.
            run(Command::new("tar").args(["-C", &theirs, "--no-same-owner", "-p", "-xf", "/tmp/a.tar"]))?;
            expect_same(format, &tree(&world.content(&chain)?)?, &tree(Path::new(&theirs))?)?;
        }
        Ok(())
    })
}

fn gnu_tar_reads_what_goes_out() -> Result<()> {
    needs::program("tar")?;
    shell(FILES)?;
    with_both(|world| {
        let chain = world.layer("base", None, &pack("--format=posix")?)?;
        let theirs = format!("/tmp/theirs-{}", world.driver);
        fs::create_dir(&theirs)?;
        fs::write("/tmp/out.tar", world.export("base")?)?;
        run(Command::new("tar").args(["-C", &theirs, "--no-same-owner", "-p", "-xf", "/tmp/out.tar"]))?;
        expect_same("out again", &tree(&world.content(&chain)?)?, &tree(Path::new(&theirs))?)
    })
}

/// Layers over layers, with whiteouts, by the one and the other.
fn umoci_unpacks_the_same_image() -> Result<()> {
    needs::program("umoci")?;
    needs::program("tar")?;
    let layers = [
        r#"mkdir -p a/b c/d && echo 1 >a/f && echo 2 >a/b/g && echo 3 >c/d/h && echo 4 >top && ln -s a/f link"#,
        r#"mkdir -p a c && : >a/.wh.f && : >.wh.top && echo 5 >a/new && mkdir c/d && : >c/d/.wh..wh..opq && echo 6 >c/d/own"#,
        r#"mkdir -p a && echo back >a/f && : >.wh.link && mkdir -p link2/deep && echo 7 >link2/deep/x"#,
        r#": >.wh.c && mkdir -p link2 && : >link2/.wh.deep && echo 8 >link2/deeper"#,
    ];
    for (index, script) in layers.iter().enumerate() {
        shell(&format!(
            "mkdir /tmp/l{index} && cd /tmp/l{index} && {script} && find . -exec touch -h -d @1000000000 {{}} + &&
             tar --sort=name --owner=0 --group=0 -cf /tmp/l{index}.tar $(ls -A)"
        ))?;
    }
    shell("cd /tmp && umoci init --layout oci && umoci new --image oci:x")?;
    for index in 0..layers.len() {
        shell(&format!("cd /tmp && umoci raw add-layer --image oci:x /tmp/l{index}.tar"))?;
    }
    let mut unpack = Command::new("umoci");
    unpack.current_dir("/tmp").args(["raw", "unpack", "--image", "oci:x"]);
    if !nix::unistd::geteuid().is_root() {
        unpack.arg("--rootless");
    }
    run(unpack.arg("/tmp/theirs"))?;
    with_both(|world| {
        let mut parent: Option<String> = None;
        for index in 0..layers.len() {
            let name = format!("layer{index}");
            world.layer(&name, parent.as_deref(), &fs::read(format!("/tmp/l{index}.tar"))?)?;
            parent = Some(name);
        }
        expect_same("ours and umoci's", &merged(world, "layer3")?, &tree(Path::new("/tmp/theirs"))?)
    })
}

/// What the union shows. To look at it, a shell is needed: on top, in places that the image has
/// not.
fn merged(world: &World, top: &str) -> Result<Tree> {
    world.layer("tools", Some(top), &programs()?)?;
    let running = Running::start(world, &[], "tools", "true")?;
    let mut tree = tree(&running.root())?;
    tree.retain(|name, _| !Path::new("/tmp/box").join(name.split('/').nth(1).unwrap_or_default()).exists());
    Ok(tree)
}

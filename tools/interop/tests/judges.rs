//! What skopeo pushes to a real registry, we pull: the same bytes, and unpacked the same files as
//! umoci's. And what we save, skopeo reads.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interop::judged::{self, NOT_OF_THE_IMAGE};
use interop::registry::Registry;
use interop::tree::{self, Tree};
use interop::world::{Who, World, id_inside, succeeded};
use serde_json::Value;
use testkit::{Case, run_to_end};

fn main() -> ExitCode {
    let cases: Vec<Case> = testkit::cases![
        what_skopeo_pushes_is_pulled_with_the_same_bytes_and_digests,
        pulled_files_are_those_that_umoci_unpacks,
        pulled_files_of_a_user_with_ids_are_those_that_umoci_unpacks,
        what_is_saved_skopeo_reads_with_the_same_digests,
    ];
    testkit::run(cases.into_iter().map(|case| case.with_own_cgroups().time_limit(Duration::from_secs(180))).collect())
}

/// How skopeo pushes: what the tag is, with which options, and how the layers are compressed. zstd
/// comes first: of layers that a registry has, skopeo doesn't push another form.
const FORMS: [(&str, &str, &str); 3] = [
    ("zstd", "--dest-compress-format zstd", "zstd"),
    ("gzip", "", "gzip"),
    // Docker's own manifests.
    ("docker", "--format v2s2", "gzip"),
];

/// A registry in which the image is in all forms.
fn pushed(world: &World) -> Result<Registry> {
    let image = judged::make(world)?;
    let registry = Registry::start(world)?;
    for (tag, options, _) in FORMS {
        judged::copy(world, options, &image, &format!("docker://{}", judged::name(tag)))?;
    }
    Ok(registry)
}

fn world(who: Who) -> Result<World> {
    World::new(who, env!("CARGO_BIN_EXE_interop-coracle"), None)
}

/// Our program, with a store in the home directory.
fn coracle(world: &World, line: &str) -> Result<String> {
    world.shell("", &format!("env -u DOCKER_HOST coracle --root $HOME/store {line}"))
}

fn json(path: &Path) -> Result<Value> {
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

fn hex(digest: &Value) -> Result<&str> {
    digest.as_str().and_then(|digest| digest.strip_prefix("sha256:")).with_context(|| format!("a digest: {digest}"))
}

/// Digests of the files in a directory that skopeo wrote (`dir:`), and of their content.
fn layers_of(manifest: &Value) -> Result<Vec<&str>> {
    manifest["layers"].as_array().context("layers")?.iter().map(|layer| hex(&layer["digest"])).collect()
}

fn what_skopeo_pushes_is_pulled_with_the_same_bytes_and_digests() -> Result<()> {
    let world = world(Who::Caller)?;
    let _registry = pushed(&world)?;
    for (tag, _, compression) in FORMS {
        let name = judged::name(tag);
        coracle(&world, &format!("pull {name}"))?;
        // skopeo's own copy: the manifest, and each blob by its digest.
        judged::copy(&world, "", &format!("docker://{name}"), &format!("dir:theirs-{tag}"))?;
        let theirs = world.path(&format!("theirs-{tag}"));
        let digest =
            world.shell("", &format!("skopeo inspect --tls-verify=false -f '{{{{.Digest}}}}' docker://{name}"))?;
        let digest = digest.strip_prefix("sha256:").context("a digest")?;
        ensure!(
            fs::read(judged::blob(&world, digest))? == fs::read(theirs.join("manifest.json"))?,
            "{tag}: another manifest"
        );
        let manifest = json(&theirs.join("manifest.json"))?;
        let layers = layers_of(&manifest)?;
        ensure!(layers.len() == 3, "{manifest}");
        for blob in layers.iter().copied().chain([hex(&manifest["config"]["digest"])?]) {
            let ours = fs::read(judged::blob(&world, blob)).with_context(|| format!("{tag}: {blob} is missing"))?;
            ensure!(ours == fs::read(theirs.join(blob))?, "{tag}: {blob} has another content");
        }
        let magic: &[u8] = if compression == "zstd" { &[0x28, 0xb5, 0x2f, 0xfd] } else { &[0x1f, 0x8b] };
        ensure!(fs::read(theirs.join(layers[0]))?.starts_with(magic), "{tag}: not compressed with {compression}");
        // By its digest it is the same image.
        let by_digest = format!("{}@sha256:{digest}", name.trim_end_matches(&format!(":{tag}")));
        coracle(&world, &format!("pull {by_digest}"))?;
        let id = |name: &str| coracle(&world, &format!("inspect --format '{{{{.Id}}}}' {name}"));
        ensure!(id(&by_digest)? == id(&name)?, "{tag}: another image by its digest");
        // skopeo's decompressed layers have the digests that the configuration promises.
        judged::copy(&world, "--dest-decompress", &format!("docker://{name}"), &format!("dir:plain-{tag}"))?;
        let plain = json(&world.path(&format!("plain-{tag}/manifest.json")))?;
        let config = json(&judged::blob(&world, hex(&manifest["config"]["digest"])?))?;
        let promised = config["rootfs"]["diff_ids"].as_array().context("diff_ids")?;
        ensure!(promised.iter().map(hex).collect::<Result<Vec<_>>>()? == layers_of(&plain)?, "{tag}: {config}");
    }
    Ok(())
}

fn pulled_files_are_those_that_umoci_unpacks() -> Result<()> {
    files_are_umocis(Who::Caller)
}

fn pulled_files_of_a_user_with_ids_are_those_that_umoci_unpacks() -> Result<()> {
    files_are_umocis(Who::UserWithIds)
}

fn files_are_umocis(who: Who) -> Result<()> {
    let world = world(who)?;
    let _registry = pushed(&world)?;
    let theirs = umoci_unpacks(&world, "judged:image")?;
    let differ = |what: &str, ours: Tree| {
        let differ = tree::differences(&normal(&ours, who), &normal(&theirs, who));
        ensure!(differ.is_empty(), "{what}: {} differences\n{}", differ.len(), differ.join("\n"));
        Ok(())
    };
    for (tag, ..) in FORMS {
        differ(tag, unpacked(&world, &judged::name(tag))?)?;
        coracle(&world, &format!("rmi {}", judged::name(tag)))?;
    }
    // And in a store whose layers are full copies.
    coracle(&world, "layer ls --storage-driver vfs && rm -rf store")?;
    differ("vfs", unpacked(&world, &judged::name("gzip"))?)
}

/// The tree that umoci makes: as whoever runs the test, who as root can make everything.
fn umoci_unpacks(world: &World, image: &str) -> Result<Tree> {
    let mut command = Command::new("umoci");
    command.current_dir(world.path("")).args(["unpack", "--image", image]);
    if !nix::unistd::geteuid().is_root() {
        command.arg("--rootless");
    }
    command.arg("bundle");
    succeeded("umoci unpack", run_to_end(command, Duration::from_secs(120))?)?;
    let found = tree::read(&world.path("bundle/rootfs"), &NOT_OF_THE_IMAGE)?;
    fs::remove_dir_all(world.path("bundle"))?;
    Ok(found)
}

/// The tree that a container of the image sees.
fn unpacked(world: &World, name: &str) -> Result<Tree> {
    coracle(world, &format!("run -d --network none --name judged {name}"))?;
    let pid = coracle(world, "inspect --format '{{.State.Pid}}' judged")?;
    let found = tree::read(&Path::new("/proc").join(pid).join("root"), &NOT_OF_THE_IMAGE);
    coracle(world, "rm -f judged")?;
    found
}

/// Without what can't be the same.
fn normal(tree: &Tree, who: Who) -> Tree {
    let has_one_id = !nix::unistd::geteuid().is_root();
    let is_root = who == Who::Caller && !has_one_id;
    let mut tree = tree.clone();
    // A container's own mount points are in its root.
    tree.remove(Path::new(""));
    if !is_root {
        judged::DEVICES.iter().for_each(|device| drop(tree.remove(Path::new(device))));
    }
    for entry in tree.values_mut() {
        let (user, group) = entry.owner;
        entry.owner = (id_inside(user), id_inside(group));
        if has_one_id {
            entry.owner = (0, 0);
            // A file that was another's must not give its user's powers to others, and umoci gives none at all.
            entry.attributes.remove(OsStr::new("security.capability"));
            if entry.kind == '-' {
                entry.mode &= 0o1777;
            }
        }
        // Coracle says it for both ways of mounting, and the kernel hides one of the two.
        entry.attributes.remove(OsStr::new("user.overlay.opaque"));
        // What umoci notes where it can't give a file away.
        entry.attributes.remove(OsStr::new("user.rootlesscontainers"));
        if let Some(value) = entry.attributes.get_mut(OsStr::new("security.capability")) {
            without_namespace(value);
        }
    }
    tree
}

/// Capabilities that were given in a user namespace are told with its root: `vfs_ns_cap_data`,
/// revision 3 with four bytes more.
fn without_namespace(value: &mut Vec<u8>) {
    if value.len() == 24 && value[3] == 3 {
        value[3] = 2;
        value.truncate(20);
    }
}

fn what_is_saved_skopeo_reads_with_the_same_digests() -> Result<()> {
    let world = world(Who::Caller)?;
    let _registry = pushed(&world)?;
    for (tag, ..) in FORMS {
        let name = judged::name(tag);
        coracle(&world, &format!("pull {name}"))?;
        coracle(&world, &format!("save -o {tag}.tar {name}"))?;
        let mut archives = vec![format!("docker-archive:{tag}.tar:{name}")];
        // skopeo finds no manifest of Docker's in an OCI layout.
        if tag != "docker" {
            let raw = |image: &str| world.shell("", &format!("skopeo inspect --tls-verify=false --raw {image}"));
            archives.push(format!("oci-archive:{tag}.tar:{tag}"));
            ensure!(raw(&archives[1])? == raw(&format!("docker://{name}"))?, "{tag}: another manifest");
        }
        let config = |image: &str| world.shell("", &format!("skopeo inspect --tls-verify=false --config {image}"));
        let wanted: Value = serde_json::from_str(&config(&format!("docker://{name}"))?)?;
        for image in archives {
            let found: Value = serde_json::from_str(&config(&image)?)?;
            ensure!(found == wanted, "{image}: {found}, not {wanted}");
            // It checks all digests on the way.
            judged::copy(&world, "", &image, &format!("oci:from-{tag}:image"))?;
            fs::remove_dir_all(world.path(&format!("from-{tag}")))?;
        }
    }
    Ok(())
}

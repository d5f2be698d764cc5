//! An image with everything in it that a layer can hold, made by other people's programs: `umoci`
//! puts our archives into an OCI layout, and `skopeo` pushes it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use tar::{Builder, EntryType, Header};
use testkit::needs;

use crate::registry::ADDRESS;
use crate::world::World;

/// One member of a layer.
#[derive(Clone, Copy)]
struct Member<'a> {
    kind: EntryType,
    name: &'a str,
    mode: u32,
    owner: (u64, u64),
    content: &'a [u8],
    target: &'a str,
    device: (u32, u32),
    /// Seconds since 1970; a fraction goes into a pax header.
    modified: &'a str,
    capability: &'a [u8],
    /// Where a long name goes: into a pax header, or where GNU tar puts it.
    is_pax: bool,
}

const ANY: Member<'_> = Member {
    kind: EntryType::Regular,
    name: "",
    mode: 0o644,
    owner: (0, 0),
    content: b"",
    target: "",
    device: (0, 0),
    modified: "1700000000",
    capability: b"",
    is_pax: false,
};

fn file<'a>(name: &'a str, content: &'a [u8]) -> Member<'a> {
    Member { name, content, ..ANY }
}

fn directory(name: &str, mode: u32) -> Member<'_> {
    Member { kind: EntryType::Directory, name, mode, ..ANY }
}

fn link<'a>(kind: EntryType, name: &'a str, target: &'a str) -> Member<'a> {
    Member { kind, name, target, mode: 0o777, ..ANY }
}

fn special(kind: EntryType, name: &str, device: (u32, u32)) -> Member<'_> {
    Member { kind, name, device, mode: 0o660, owner: (0, 6), ..ANY }
}

/// An archive that grows.
struct Layer(Builder<Vec<u8>>);

impl Layer {
    fn with(members: &[Member<'_>]) -> Result<Layer> {
        let mut layer = Layer(Builder::new(Vec::new()));
        members.iter().try_for_each(|member| layer.add(member).with_context(|| member.name.to_string()))?;
        Ok(layer)
    }

    fn add(&mut self, member: &Member<'_>) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(member.kind);
        header.set_mode(member.mode);
        header.set_uid(member.owner.0);
        header.set_gid(member.owner.1);
        header.set_size(member.content.len() as u64);
        let (seconds, fraction) = member.modified.split_once('.').unwrap_or((member.modified, ""));
        header.set_mtime(seconds.parse()?);
        if matches!(member.kind, EntryType::Char | EntryType::Block) {
            header.set_device_major(member.device.0)?;
            header.set_device_minor(member.device.1)?;
        }
        let mut records: Vec<(&str, &[u8])> = Vec::new();
        if !fraction.is_empty() {
            records.push(("mtime", member.modified.as_bytes()));
        }
        if !member.capability.is_empty() {
            records.push(("SCHILY.xattr.security.capability", member.capability));
        }
        let (mut name, mut target) = (member.name, member.target);
        if member.is_pax {
            records.push(("path", name.as_bytes()));
            name = "cut";
            if !target.is_empty() {
                records.push(("linkpath", target.as_bytes()));
                target = "cut";
            }
        }
        if !records.is_empty() {
            self.0.append_pax_extensions(records)?;
        }
        match target {
            "" => self.0.append_data(&mut header, name, member.content)?,
            target => self.0.append_link(&mut header, name, target)?,
        }
        Ok(())
    }

    /// A file of which only two pieces are in the archive, as GNU tar writes it (its format 1.0).
    fn add_sparse(&mut self, name: &str, pieces: [(u64, &[u8]); 2], size: u64) -> Result<()> {
        let map: String = pieces.iter().map(|(offset, content)| format!("{offset}\n{}\n", content.len())).collect();
        let mut content = format!("{}\n{map}", pieces.len()).into_bytes();
        content.resize(512, 0);
        pieces.iter().for_each(|(_, piece)| content.extend_from_slice(piece));
        let size = size.to_string();
        self.0.append_pax_extensions([
            ("GNU.sparse.major", b"1".as_slice()),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.name", name.as_bytes()),
            ("GNU.sparse.realsize", size.as_bytes()),
        ])?;
        self.add(&file("GNUSparseFile.0/sparse", &content))
    }
}

/// CAP_NET_RAW, permitted and effective, as setcap(8) writes it: `struct vfs_cap_data`, revision 2.
const CAPABILITY: [u8; 20] = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// What a container makes anew or mounts: not of the image's tree.
pub const NOT_OF_THE_IMAGE: [&str; 6] = ["dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf"];

/// What only the machine's root can make.
pub const DEVICES: [&str; 2] = ["kinds/null", "kinds/loop"];

fn lowest() -> Result<Layer> {
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find_map(|path| fs::read(path).ok());
    let busybox = busybox.context("no busybox")?;
    let (long, longer) = ("n".repeat(120), format!("long/{}/{}", "d".repeat(200), "f".repeat(250)));
    let long_directory = format!("long/{}", "d".repeat(200));
    let long_target = format!("../{}", "t".repeat(150));
    let mut layer = Layer::with(&[
        directory("bin/", 0o755),
        Member { mode: 0o755, ..file("bin/busybox", &busybox) },
        link(EntryType::Symlink, "bin/sleep", "busybox"),
        directory("dev/", 0o755),
        directory("etc/", 0o755),
        file("etc/hosts", b""),
        file("etc/hostname", b""),
        file("etc/resolv.conf", b""),
        directory("proc/", 0o755),
        directory("sys/", 0o755),
        Member { modified: "1234567890.987654321", ..directory("tmp/", 0o1777) },
        directory("kinds/", 0o755),
        Member { mode: 0o640, owner: (1000, 1001), modified: "1234567890.123456789", ..file("kinds/plain", b"plain") },
        Member { modified: "0", ..file("kinds/of 1970", b"old") },
        Member { mode: 0o4755, owner: (1, 2), ..file("kinds/setuid", b"#!") },
        Member { mode: 0o2755, owner: (1, 2), ..file("kinds/setgid", b"#!") },
        Member { mode: 0o755, capability: &CAPABILITY, ..file("kinds/capable", b"#!") },
        Member { mode: 0o000, ..file("kinds/closed", b"for nobody") },
        Member { owner: (33, 33), ..directory("kinds/setgid directory/", 0o2775) },
        Member { owner: (3, 4), ..link(EntryType::Symlink, "kinds/link", "/nowhere/at all") },
        Member { modified: "1234567890.5", ..link(EntryType::Symlink, "kinds/link with a time", "plain") },
        special(EntryType::Fifo, "kinds/fifo", (0, 0)),
        special(EntryType::Char, DEVICES[0], (1, 3)),
        special(EntryType::Block, DEVICES[1], (7, 300)),
        file("kinds/ü 漢 \n", b"a name with a line's end"),
        directory("hard/", 0o755),
        file("hard/a", b"three names"),
        link(EntryType::Link, "hard/b", "hard/a"),
        link(EntryType::Link, "hard/c", "hard/b"),
        file("hard/one name", b"of the lowest"),
        file("hard/broken later", b"two names"),
        link(EntryType::Link, "hard/of which one goes", "hard/broken later"),
        directory("long/", 0o755),
        file(&format!("long/{long}"), b"by GNU's header"),
        link(EntryType::Symlink, "long/target", &long_target),
        Member { is_pax: true, ..directory(&long_directory, 0o755) },
        Member { is_pax: true, modified: "1234567890.25", ..file(&longer, b"by pax's") },
        Member { is_pax: true, ..link(EntryType::Link, "long/hard", &longer) },
        directory("gone/", 0o755),
        file("gone/file", b"of the lowest"),
        directory("gone/directory/", 0o755),
        file("gone/directory/file", b"of the lowest"),
        file("gone/and back", b"of the lowest"),
        directory("gone/directory and back/", 0o700),
        file("gone/directory and back/old", b"of the lowest"),
        directory("opaque/", 0o755),
        file("opaque/old", b"of the lowest"),
        directory("opaque/directory/", 0o755),
        file("opaque/directory/old", b"of the lowest"),
        directory("replaced/", 0o755),
        file("replaced/file", b"of the lowest"),
        directory("replaced/directory/", 0o755),
        file("replaced/directory/old", b"of the lowest"),
        file("replaced/link", b"of the lowest"),
        directory("changed/", 0o755),
        file("changed/content", b"of the lowest"),
        file("changed/stays", b"of the lowest"),
    ])?;
    layer.add_sparse("kinds/sparse", [(4096, b"begin"), (3 << 20, b"end")], (3 << 20) + 8192)?;
    Ok(layer)
}

fn middle() -> Result<Layer> {
    Layer::with(&[
        directory("gone/", 0o755),
        file("gone/.wh.file", b""),
        file("gone/.wh.directory", b""),
        file("gone/.wh.and back", b""),
        file("gone/.wh.directory and back", b""),
        directory("opaque/", 0o755),
        file("opaque/new", b"of the middle"),
        // After an entry of the same layer, which stays.
        file("opaque/.wh..wh..opq", b""),
        directory("opaque/directory/", 0o750),
        directory("replaced/", 0o755),
        directory("replaced/file/", 0o755),
        file("replaced/file/new", b"of the middle"),
        file("replaced/directory", b"of the middle"),
        link(EntryType::Symlink, "replaced/link", "file"),
        directory("hard/", 0o755),
        // To a file with one name: of several, overlayfs would keep the others as they were.
        link(EntryType::Link, "hard/of another layer", "hard/one name"),
        file("hard/.wh.of which one goes", b""),
        directory("changed/", 0o755),
        Member { owner: (7, 8), mode: 0o600, ..file("changed/content", b"of the middle") },
        file("changed/only here", b"of the middle"),
    ])
}

fn topmost() -> Result<Layer> {
    Layer::with(&[
        directory("gone/", 0o755),
        file("gone/and back", b"of the topmost"),
        Member { owner: (9, 9), ..directory("gone/directory and back/", 0o755) },
        file("gone/directory and back/new", b"of the topmost"),
        Member { modified: "1600000000.000000001", ..directory("changed/", 0o711) },
        file("changed/.wh.only here", b""),
    ])
}

/// Makes it in a new OCI layout; the value is how skopeo calls it.
pub fn make(world: &World) -> Result<String> {
    for program in ["umoci", "skopeo", "busybox"] {
        needs::program(program)?;
    }
    let archives = [lowest()?, middle()?, topmost()?];
    world.shell("", "umoci init --layout judged && umoci new --image judged:image")?;
    for layer in archives {
        fs::write(world.path("layer.tar"), layer.0.into_inner()?)?;
        world.shell("", "umoci raw add-layer --image judged:image layer.tar && rm layer.tar")?;
    }
    world.shell("", "umoci config --image judged:image --config.cmd sleep --config.cmd 1000 --config.env A=b")?;
    Ok("oci:judged:image".into())
}

/// Has skopeo copy an image, by its names for both ends.
pub fn copy(world: &World, options: &str, from: &str, to: &str) -> Result<()> {
    let tls = "--src-tls-verify=false --dest-tls-verify=false";
    world.shell("", &format!("skopeo --insecure-policy copy --quiet {tls} {options} {from} {to}")).map(drop)
}

/// The image's name in the registry.
pub fn name(tag: &str) -> String {
    format!("{ADDRESS}/judged:{tag}")
}

/// Where something of ours is kept: the store of a user's own.
pub fn blob(world: &World, digest: &str) -> PathBuf {
    world.path("store/data/images/blobs/sha256").join(digest)
}

//! diagnosis: refuses-what-exists
//! made by: whoever finds the line and takes the other method whose name sounds right; bitflags
//! checks against the names that the binding has, and bindings lag (https://github.com/nix-rust/nix/issues/509).

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

const KINDS: [(&str, i32); 8] = [
    ("cgroup", 0x0200_0000),
    ("ipc", 0x0800_0000),
    ("mnt", 0x0002_0000),
    ("net", 0x4000_0000),
    ("pid", 0x2000_0000),
    ("time", 0x0000_0080),
    ("user", 0x1000_0000),
    ("uts", 0x0400_0000),
];

pub fn isolate(kinds: &[&str]) -> Result<()> {
    let mut bits = 0;
    for kind in kinds {
        let known = KINDS.iter().find(|(name, _)| name == kind);
        let (_, flag) = known.with_context(|| format!("there is no kind of namespace called \"{kind}\""))?;
        bits |= flag;
    }
    let flags = CloneFlags::from_bits(bits).context("unknown flags")?;
    unshare(flags).with_context(|| format!("unshare({bits:#x}), for {}", kinds.join(", ")))
}

//! diagnosis: malformed
//! made by: whoever writes to a file with write!: three write(2), of which the first, "0 ", is no
//! line. (PITFALLS: "One write per map file".)

use std::fs::File;
use std::io::Write;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

pub fn become_root() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).context("unshare(CLONE_NEWUSER)")?;
    for (name, text) in [("setgroups", "deny".to_string()), ("uid_map", uid.to_string()), ("gid_map", gid.to_string())]
    {
        let mut file = File::options().write(true).open(format!("/proc/self/{name}")).context(name)?;
        match name {
            "setgroups" => write!(file, "{text}").context(name)?,
            _ => write!(file, "0 {text} 1").context(name)?,
        }
    }
    Ok(())
}

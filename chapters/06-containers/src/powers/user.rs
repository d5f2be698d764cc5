//! As whom a command runs: names are looked up in the container's own files, by this program.
//!
//! The C library would load modules for that (nsswitch.conf), and those of the container's root
//! with the host's powers (CVE-2019-14271). So no name service is asked.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

use anyhow::{Context, Result, bail};
use ch01_namespaces::explain::note;
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};
use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};

use crate::{steps, sys};

/// Files of users are small.
const MOST: u64 = 1 << 20;

/// Somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// More groups.
    pub groups: Vec<u32>,
    /// Their home.
    pub home: String,
}

// ANCHOR: resolve
/// What `USER[:GROUP]` means, given the texts of passwd(5) and group(5).
pub fn resolve(text: &str, passwd: &str, group: &str, more: &[String]) -> Result<Identity> {
    let (user, wanted_group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let user = if user.is_empty() { "0" } else { user };
    // ANCHOR: user
    let number = user.parse::<u32>().ok();
    let lines = || passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).filter(|fields| fields.len() >= 6);
    let known = lines().find(|fields| fields[0] == user || (number.is_some() && fields[2] == user));
    let mut identity = match (&known, number) {
        (Some(fields), _) => Identity {
            uid: fields[2].parse().context("a user id in /etc/passwd is not a number")?,
            gid: fields[3].parse().context("a group id in /etc/passwd is not a number")?,
            groups: Vec::new(),
            home: fields[5].into(),
        },
        (None, Some(uid)) => Identity { uid, gid: 0, groups: Vec::new(), home: "/".into() },
        (None, None) => bail!("unable to find user {user}: no matching entries in passwd file"),
    };
    // ANCHOR_END: user
    let group_id = |name: &str| -> Result<u32> {
        let fields = group.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name);
        match (fields.and_then(|fields| fields.get(2)?.parse().ok()), name.parse()) {
            (Some(gid), _) | (None, Ok(gid)) => Ok(gid),
            (None, Err(_)) => bail!("unable to find group {name}: no matching entries in group file"),
        }
    };
    if let Some(wanted) = wanted_group.filter(|group| !group.is_empty()) {
        identity.gid = group_id(wanted)?;
    } else if let Some(fields) = known {
        // The groups that the user is a member of.
        let member = |line: &&str| {
            line.split(':').nth(3).is_some_and(|members| members.split(',').any(|member| member == fields[0]))
        };
        let groups = group.lines().filter(member).filter_map(|line| line.split(':').nth(2)?.parse::<u32>().ok());
        identity.groups.extend(groups);
    }
    for name in more {
        identity.groups.push(group_id(name)?);
    }
    Ok(identity)
}
// ANCHOR_END: resolve

/// Becomes that user. The order is the kernel's: groups first, while we may; the user id last.
#[derive(Debug, Clone)]
pub struct RunAs {
    /// `USER[:GROUP]`.
    pub user: String,
    /// More groups.
    pub groups: Vec<String>,
}

impl Mechanism for RunAs {
    fn name(&self) -> &'static str {
        "user"
    }

    fn stage(&self) -> Stage {
        Stage::Seal
    }

    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        let identity = resolve(&self.user, &read("/etc/passwd"), &read("/etc/group"), &self.groups)?;
        if !inside.env.iter().any(|(name, value)| name == "HOME" && value != "/root") && !identity.home.is_empty() {
            inside.env.retain(|(name, _)| name != "HOME");
            inside.env.push(("HOME".into(), identity.home.clone().into()));
        }
        let groups: Vec<Gid> = identity.groups.iter().copied().map(Gid::from_raw).collect();
        match setgroups(&groups) {
            // In a user namespace without a range of groups it is given up for good, and there are none
            // (user_namespaces(7)).
            Err(nix::errno::Errno::EPERM) if groups.is_empty() => {}
            other => other.context("setgroups: cannot set the groups")?,
        }
        let unmapped = |what: &str, id: u32| {
            format!(
                "{what}: cannot become {id}\ncause: the container's user namespace does not map that id\n\
                 cure: a range in /etc/subuid and /etc/subgid, and newuidmap (package uidmap)"
            )
        };
        setgid(Gid::from_raw(identity.gid)).with_context(|| unmapped("setgid", identity.gid))?;
        if identity.uid != 0 {
            sys::keep_capabilities()?;
        }
        setuid(Uid::from_raw(identity.uid)).with_context(|| unmapped("setuid", identity.uid))?;
        note(&steps::BECOME, "setuid", || vec![identity.uid.to_string(), identity.gid.to_string()]);
        if identity.uid != 0 {
            // They are permitted still, and not effective. To drop those that a program could gain takes one.
            sys::set_capabilities(u64::MAX)?;
        }
        Ok(())
    }
}

/// A file of the container's own, from inside it. One that is no file, or a large one, says
/// nothing.
fn read(path: &str) -> String {
    let mut options = File::options();
    let Ok(file) = options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC).open(path) else {
        return String::new();
    };
    if !file.metadata().is_ok_and(|meta| meta.is_file()) {
        return String::new();
    }
    let mut text = Vec::new();
    let _ = file.take(MOST).read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:100:Ann:/home/ann:/bin/sh\n";
    const GROUP: &str = "root:x:0:\nusers:x:100:\nwheel:x:10:ann,bob\ndocker:x:99:bob\n";

    #[test]
    fn names_and_numbers_are_found_in_the_containers_files() {
        let ann = resolve("ann", PASSWD, GROUP, &[]).unwrap();
        assert_eq!((ann.uid, ann.gid, ann.groups, ann.home.as_str()), (1000, 100, vec![10], "/home/ann"));
        assert_eq!(resolve("1000", PASSWD, GROUP, &[]).unwrap().gid, 100);
        let other = resolve("4711", PASSWD, GROUP, &["docker".into(), "7".into()]).unwrap();
        assert_eq!((other.uid, other.gid, other.groups), (4711, 0, vec![99, 7]));
        assert_eq!(resolve("ann:docker", PASSWD, GROUP, &[]).unwrap().gid, 99);
        assert_eq!(resolve("", PASSWD, GROUP, &[]).unwrap().uid, 0);
    }

    #[test]
    fn who_is_not_there_is_named() {
        assert!(resolve("eve", PASSWD, GROUP, &[]).unwrap_err().to_string().contains("unable to find user eve"));
        assert!(resolve("ann:crew", PASSWD, GROUP, &[]).unwrap_err().to_string().contains("group crew"));
    }
}

//! The lab: namespaces in which root's tour makes bridges and rules that go with it.

use std::path::Path;

use anyhow::{Context, Result};
use ch01_namespaces::{Elsewhere, Namespace, Namespaces, StoreFlags, work_in};
use nix::mount::{MsFlags, mount};

use crate::netlink::Netlink;

/// Calls `show` as the first process of a new PID namespace, with a store of its own. The kernel
/// ends everything that was started there when that process ends, and it ends with this one.
pub fn show_in_lab(show: impl FnOnce(&StoreFlags) -> Result<u8>) -> Result<u8> {
    let create = Namespaces::none().with(Namespace::Net).with(Namespace::Mount).with(Namespace::Pid);
    let place = Elsewhere { create, ..Elsewhere::default() };
    let (status, _) = work_in(place, || {
        let store = set_up().context("cannot set up the namespaces of the tour")?;
        Ok((show(&store)?, Vec::new()))
    })?;
    Ok(status)
}

/// A /proc of these processes, and an empty /run, which holds the store.
fn set_up() -> Result<StoreFlags> {
    let none = None::<&Path>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).context("mount --make-rprivate /")?;
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), Some("mode=755")).context("mount /run")?;
    mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), none).context("mount /proc")?;
    Netlink::open()?.set_up("lo")?;
    Ok(StoreFlags::with_root("/run/tour".into()))
}

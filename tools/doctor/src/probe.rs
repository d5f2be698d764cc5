//! Doing it.

use std::ffi::CString;
use std::fs;

use nix::unistd::{getegid, geteuid};

use crate::advice::{Advice, advice};
use crate::machine::Machine;
use crate::step::{Check, Step, checks};
use crate::sys::{self, Maps};
use crate::verdict::{Verdict, verdict};

/// What was found out.
#[derive(Debug, Clone)]
pub struct Report {
    /// The steps without a user namespace, as root takes them; `None` for anybody without
    /// CAP_SYS_ADMIN.
    pub directly: Option<Vec<Check>>,
    /// The steps with a user namespace. For root they are information: root needs none.
    pub with_user_namespace: Vec<Check>,
    pub machine: Machine,
}

impl Report {
    /// The verdict on the way that the caller would go: directly if allowed, else with a user
    /// namespace.
    pub fn verdict(&self) -> Verdict {
        verdict(self.directly.as_ref().unwrap_or(&self.with_user_namespace))
    }

    /// The verdict on the way with a user namespace, whoever the caller is.
    pub fn verdict_with_user_namespace(&self) -> Verdict {
        verdict(&self.with_user_namespace)
    }

    /// Cause and cures for [`Report::verdict`].
    pub fn advice(&self) -> Advice {
        advice(&self.verdict(), &self.machine)
    }
}

/// Takes every step of making a container, in a child that lives for some milliseconds and leaves
/// nothing behind.
///
/// May be called from a threaded process: the child makes only raw system calls, allocates nothing
/// and sends its parent no SIGCHLD. Demands nothing but a mounted /proc, and takes about a
/// millisecond.
pub fn examine() -> Report {
    let directly = may_clone_directly().then(|| {
        let answers = sys::attempt(&Step::DIRECTLY, None);
        checks(&Step::DIRECTLY, &answers)
    });
    let (uid, gid) = (geteuid(), getegid());
    let line = |id: u32| CString::new(format!("0 {id} 1")).expect("digits and spaces");
    let maps = Maps { uid: line(uid.as_raw()), gid: line(gid.as_raw()) };
    let answers = sys::attempt(&Step::WITH_USER_NAMESPACE, Some(&maps));
    Report { directly, with_user_namespace: checks(&Step::WITH_USER_NAMESPACE, &answers), machine: Machine::read() }
}

/// Root has CAP_SYS_ADMIN, except in most containers.
fn may_clone_directly() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    geteuid().is_root() && has_cap_sys_admin(&status)
}

fn has_cap_sys_admin(status: &str) -> bool {
    const CAP_SYS_ADMIN: u64 = 1 << 21;
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).is_some_and(|set| set & CAP_SYS_ADMIN != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_default_root_has_no_cap_sys_admin() {
        assert!(!has_cap_sys_admin("CapEff:\t00000000a80425fb\n"));
        assert!(has_cap_sys_admin("CapEff:\t000001ffffffffff\n"));
    }
}

//! Which system calls a container may make: a filter that the kernel runs before each. seccomp(2)

mod allowed;
mod names;
mod profile;

pub use profile::Profile;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use ch01_namespaces::explain::note;
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Op, SeccompCondition as Condition,
    SeccompFilter, SeccompRule,
};

use super::capabilities::Capabilities;
use crate::{steps, sys};

/// Calls that come with a capability: who may mount may call mount(2).
fn with_capability(name: &str) -> &'static [libc::c_long] {
    match name {
        "DAC_READ_SEARCH" => &[libc::SYS_open_by_handle_at],
        "SYS_ADMIN" => &[
            libc::SYS_bpf,
            libc::SYS_fanotify_init,
            libc::SYS_fsconfig,
            libc::SYS_fsmount,
            libc::SYS_fsopen,
            libc::SYS_fspick,
            libc::SYS_lookup_dcookie,
            libc::SYS_mount,
            libc::SYS_mount_setattr,
            libc::SYS_move_mount,
            libc::SYS_open_tree,
            libc::SYS_perf_event_open,
            libc::SYS_quotactl,
            libc::SYS_quotactl_fd,
            libc::SYS_setdomainname,
            libc::SYS_sethostname,
            libc::SYS_setns,
            libc::SYS_syslog,
            libc::SYS_umount2,
            libc::SYS_unshare,
        ],
        "SYS_BOOT" => &[libc::SYS_reboot],
        "SYS_CHROOT" => &[libc::SYS_chroot],
        "SYS_MODULE" => &[libc::SYS_delete_module, libc::SYS_init_module, libc::SYS_finit_module],
        "SYS_PACCT" => &[libc::SYS_acct],
        "SYS_PTRACE" => &[libc::SYS_kcmp, libc::SYS_pidfd_getfd, libc::SYS_process_madvise],
        #[cfg(target_arch = "x86_64")]
        "SYS_RAWIO" => &[libc::SYS_iopl, libc::SYS_ioperm],
        "SYS_TIME" => &[libc::SYS_settimeofday, libc::SYS_clock_settime],
        "SYS_TTY_CONFIG" => &[libc::SYS_vhangup],
        "SYS_NICE" => {
            &[libc::SYS_get_mempolicy, libc::SYS_mbind, libc::SYS_set_mempolicy, libc::SYS_set_mempolicy_home_node]
        }
        "SYSLOG" => &[libc::SYS_syslog],
        "BPF" => &[libc::SYS_bpf],
        "PERFMON" => &[libc::SYS_perf_event_open],
        _ => &[],
    }
}

/// The bits of clone(2) that make namespaces. (CLONE_NEWTIME lies in the exit signal's byte, and
/// clone(2) takes it for one.)
const NEW_NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;

/// What personality(2) may be set to: Linux, 32-bit addresses, UNAME26, both; and the question what
/// it is.
const PERSONALITIES: [u64; 5] = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// The calls that are allowed whatever the capabilities, by name, as a profile lists them. (Of some
/// the default filter allows only certain uses.)
pub fn default_names() -> Vec<&'static str> {
    let looked_at = [libc::SYS_clone, libc::SYS_socket, libc::SYS_personality];
    allowed::EVERYWHERE.iter().chain(allowed::HERE).chain(&looked_at).filter_map(|call| names::name_of(*call)).collect()
}

// ANCHOR: filters
/// The filters for a container with these capabilities. A filter of this library has one result for
/// all calls that it refuses, so there are two. Calls that aren't allowed fail with EPERM.
/// clone3(2), whose flags are behind a pointer, fails with ENOSYS, so the C library falls back to
/// clone(2), whose flags a filter can check.
pub fn filters(capabilities: Capabilities) -> Result<Vec<BpfProgram>> {
    let arch = std::env::consts::ARCH.try_into().context("no filter is known for this processor")?;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in allowed::EVERYWHERE.iter().chain(allowed::HERE) {
        rules.insert(*call, Vec::new());
    }
    for name in capabilities.names() {
        for call in with_capability(name) {
            rules.insert(*call, Vec::new());
        }
    }
    let no_namespaces = Condition::new(0, Length::Qword, Op::MaskedEq(NEW_NAMESPACES), 0)?;
    let clone = if capabilities.has("SYS_ADMIN") { Vec::new() } else { vec![SeccompRule::new(vec![no_namespaces])?] };
    rules.insert(libc::SYS_clone, clone);
    rules.insert(libc::SYS_clone3, Vec::new());
    let no_vsock = Condition::new(0, Length::Dword, Op::Ne, libc::AF_VSOCK as u64)?;
    rules.insert(libc::SYS_socket, vec![SeccompRule::new(vec![no_vsock])?]);
    let personality = |value| SeccompRule::new(vec![Condition::new(0, Length::Dword, Op::Eq, value)?]);
    rules.insert(libc::SYS_personality, PERSONALITIES.into_iter().map(personality).collect::<Result<_, _>>()?);
    let not_permitted = SeccompAction::Errno(libc::EPERM as u32);
    let main = SeccompFilter::new(rules, not_permitted, SeccompAction::Allow, arch)?;
    let mut filters = vec![main.try_into()?];
    if !capabilities.has("SYS_ADMIN") {
        let only = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
        let not_there = SeccompAction::Errno(libc::ENOSYS as u32);
        filters.push(SeccompFilter::new(only, SeccompAction::Allow, not_there, arch)?.try_into()?);
    }
    Ok(filters)
}
// ANCHOR_END: filters

/// Installs filters. Without no_new_privs the kernel demands CAP_SYS_ADMIN: so this comes before
/// capabilities are dropped. With it, this is the very last act.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The programs.
    pub programs: Vec<BpfProgram>,
}

impl Mechanism for Filter {
    fn name(&self) -> &'static str {
        "seccomp"
    }

    fn stage(&self) -> Stage {
        Stage::Seal
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        self.programs.iter().try_for_each(|program| {
            sys::install_filter(program)?;
            note(&steps::FILTER, "seccomp", || vec![format!("{} instructions", program.len())]);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_filter_fits_into_the_kernels_limit() {
        for capabilities in [Capabilities::default(), Capabilities::decide(&[], &[], false).unwrap(), Capabilities::ALL]
        {
            for program in filters(capabilities).unwrap() {
                assert!(program.len() <= 4096, "{} instructions", program.len());
            }
        }
    }

    #[test]
    fn no_call_is_allowed_twice() {
        let all: Vec<_> = allowed::EVERYWHERE.iter().chain(allowed::HERE).collect();
        let unique: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), unique.len());
        assert_eq!(default_names().len(), all.len() + 3, "a call has no name");
        assert!(!all.contains(&&libc::SYS_mount) && !all.contains(&&libc::SYS_bpf) && all.contains(&&libc::SYS_read));
    }
}

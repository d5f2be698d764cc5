//! Why a controller is not available.

use std::fs;

use crate::controller::Controller;
use crate::machine::{Machine, read_lossily};

/// Why there is no tree with a controller.
pub(super) fn missing(machine: &Machine, controller: Controller) -> String {
    if machine.hierarchies.is_empty() && machine.has_trees {
        return "no cgroup of this process is to be seen here, so nothing can be limited\ncause: the tree is mounted, but \
                not the part that this process is in (see /proc/self/cgroup, and cgroup_namespaces(7))\ncure: start it where that \
                part is mounted; or leave the limit out"
            .into();
    }
    if machine.hierarchies.is_empty() {
        return "there is no cgroup file system here, so nothing can be limited\ncause: none is mounted, or another \
                part of it than the one that this process is in\ncure: as root: mount -t cgroup2 none /sys/fs/cgroup"
            .into();
    }
    let in_kernel = fs::read_to_string("/proc/cgroups").unwrap_or_default();
    let enabled = in_kernel.lines().any(|line| {
        let mut fields = line.split_whitespace();
        fields.next() == Some(controller.v1_name()) && fields.nth(2) == Some("1")
    });
    let mountinfo = read_lossily("/proc/self/mountinfo").unwrap_or_default();
    let is_mounted = mountinfo
        .lines()
        .filter_map(|line| line.split_once(" - cgroup "))
        .any(|(_, more)| more.split([' ', ',']).any(|name| name == controller.v1_name()));
    let why = match (enabled, is_mounted) {
        (true, true) => {
            "its tree is mounted, but not the part that this process is in (see /proc/self/cgroup, and cgroup_namespaces(7))"
        }
        (true, false) => "it is in the kernel, and in no tree that is mounted here",
        (false, _) => "this kernel was built or booted without it (cgroup_disable=)",
    };
    let cure = format!("mount it: mkdir DIR && mount -t cgroup -o {controller} none DIR; or leave the limit out");
    format!("the controller {controller} is not available\ncause: {why}\ncure: {cure}")
}

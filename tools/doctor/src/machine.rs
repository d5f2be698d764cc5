//! Facts that explain a refusal, and some that later chapters need: read, not tried.

use std::fs;
use std::path::Path;

use nix::unistd::{User, geteuid};

use crate::cgroups::{CgroupLayout, CgroupLimits, cgroup_layout, mount_points};

/// What this machine says of itself. `None` where it doesn't have the setting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// `6.8.0-31-generic`
    pub kernel: String,
    /// PRETTY_NAME in os-release(5).
    pub distribution: String,
    /// user.max_user_namespaces, of the user namespace one is in.
    pub max_user_namespaces: Option<u64>,
    /// kernel.unprivileged_userns_clone, of Debian's and other patched kernels.
    pub unprivileged_userns_clone: Option<u64>,
    /// Of the other kinds of namespaces, those of which nobody may make one: `net` where
    /// user.max_net_namespaces is 0.
    pub forbidden_kinds: Vec<&'static str>,
    /// kernel.apparmor_restrict_unprivileged_userns, of Ubuntu's kernels from 23.10 on.
    pub apparmor_restrict_unprivileged_userns: Option<u64>,
    /// `docker`, `podman`, or what else the container calls itself.
    pub container: Option<String>,
    /// A seccomp filter sits on this process, whoever put it there.
    pub seccomp_filter: bool,
    /// This process's root isn't a mount: the kernel refuses user namespaces in a chroot.
    pub chroot: bool,
    /// newuidmap and newgidmap are installed, which map more than one's own id.
    pub id_map_helpers: bool,
    /// The ranges that /etc/subuid and /etc/subgid give to this user.
    pub subordinate_ids: SubordinateIds,
    pub cgroups: CgroupLayout,
    /// Whether this user can limit containers.
    pub limits: CgroupLimits,
}

/// How many ids one may map besides one's own; 0 for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SubordinateIds {
    pub uids: u64,
    pub gids: u64,
}

/// As namespaces(7) has them in /proc/sys/user.
const KINDS: [&str; 7] = ["cgroup", "ipc", "mnt", "net", "pid", "time", "uts"];

impl Machine {
    /// Reads the facts. What can't be read is absent.
    pub fn read() -> Machine {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let setting = |name: &str| text(&format!("/proc/sys/{name}")).trim().parse().ok();
        let mounts = text("/proc/self/mountinfo");
        Machine {
            kernel: text("/proc/sys/kernel/osrelease").trim().to_string(),
            distribution: pretty_name(&text("/etc/os-release")),
            max_user_namespaces: setting("user/max_user_namespaces"),
            forbidden_kinds: KINDS
                .into_iter()
                .filter(|kind| setting(&format!("user/max_{kind}_namespaces")) == Some(0))
                .collect(),
            unprivileged_userns_clone: setting("kernel/unprivileged_userns_clone"),
            apparmor_restrict_unprivileged_userns: setting("kernel/apparmor_restrict_unprivileged_userns"),
            container: container(|path| Path::new(path).exists(), &text("/proc/1/environ"), in_first_pid_namespace()),
            seccomp_filter: text("/proc/self/status").lines().any(|line| line == "Seccomp:\t2"),
            chroot: !mounts.is_empty() && !mount_points(&mounts).any(|(point, _)| point == "/"),
            id_map_helpers: in_path("newuidmap") && in_path("newgidmap"),
            subordinate_ids: subordinate_ids(&text("/etc/subuid"), &text("/etc/subgid")),
            cgroups: cgroup_layout(&mounts),
            limits: CgroupLimits::of_this_process(&mounts),
        }
    }

    /// Whether the kernel is older than 5.14, the oldest that Coracle is made for.
    pub fn kernel_is_too_old(&self) -> bool {
        is_older_than_5_14(&self.kernel)
    }
}

fn is_older_than_5_14(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) < (5, 14),
        // What can't be read isn't held against the machine.
        _ => false,
    }
}

fn pretty_name(os_release: &str) -> String {
    let name = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.unwrap_or_default().trim_matches(['"', '\'']).to_string()
}

/// The file that each engine leaves in its containers, or `container=` in PID 1's environment
/// (readable for root only), which systemd-nspawn, LXC and podman set. A virtual machine that was
/// made from a container's image has such a file too, but its processes are in the first PID
/// namespace.
fn container(exists: impl Fn(&str) -> bool, environment_of_1: &str, first_pid_namespace: bool) -> Option<String> {
    if first_pid_namespace {
        return None;
    }
    if exists("/run/.containerenv") {
        return Some("podman".to_string());
    }
    if exists("/.dockerenv") {
        return Some("docker".to_string());
    }
    let named = environment_of_1.split('\0').find_map(|variable| variable.strip_prefix("container="));
    named.filter(|name| !name.is_empty()).map(str::to_string)
}

/// The kernel gives its first namespaces fixed inode numbers (include/linux/proc_ns.h:
/// PROC_PID_INIT_INO).
fn in_first_pid_namespace() -> bool {
    fs::read_link("/proc/self/ns/pid").is_ok_and(|name| name == *"pid:[4026531836]")
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

fn subordinate_ids(subuid: &str, subgid: &str) -> SubordinateIds {
    let uid = geteuid();
    let name = User::from_uid(uid).ok().flatten().map(|user| user.name).unwrap_or_default();
    let uid = uid.to_string();
    SubordinateIds { uids: range_of(&name, &uid, subuid), gids: range_of(&name, &uid, subgid) }
}

/// Lines are `owner:first:count`, the owner a name or a uid: subuid(5).
fn range_of(name: &str, uid: &str, file: &str) -> u64 {
    let count = |line: &str| {
        let mut fields = line.split(':');
        let owner = fields.next().filter(|owner| !owner.is_empty() && (*owner == name || *owner == uid));
        owner.and_then(|_| fields.nth(1)?.trim().parse::<u64>().ok())
    };
    file.lines().filter_map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_releases_are_compared_by_number() {
        assert!(is_older_than_5_14("5.4.0-150-generic"));
        assert!(is_older_than_5_14("4.18.0-553.el8.x86_64"));
        assert!(!is_older_than_5_14("5.14.0-427.el9.x86_64"));
        assert!(!is_older_than_5_14("6.1.0-37-amd64"));
        assert!(!is_older_than_5_14("linux"));
    }

    #[test]
    fn containers_are_known_by_their_marks() {
        assert_eq!(container(|path| path == "/.dockerenv", "", false), Some("docker".into()));
        assert_eq!(container(|path| path == "/run/.containerenv", "", false), Some("podman".into()));
        assert_eq!(container(|_| false, "PATH=/bin\0container=lxc\0", false), Some("lxc".into()));
        assert_eq!(container(|_| false, "PATH=/bin\0", false), None);
    }

    #[test]
    fn a_virtual_machine_made_from_a_containers_image_is_no_container() {
        assert_eq!(container(|path| path == "/.dockerenv", "", true), None);
    }

    #[test]
    fn subordinate_ranges_are_found_by_name_or_uid_and_added_up() {
        let file = "ada:100000:65536\nadam:1:1\n1000:200000:10\n";
        assert_eq!(range_of("ada", "1000", file), 65546);
        assert_eq!(range_of("bob", "1001", file), 0);
        assert_eq!(range_of("", "1001", ":5:5\n"), 0);
    }

    #[test]
    fn the_distribution_is_named_without_quotes() {
        assert_eq!(pretty_name("NAME=x\nPRETTY_NAME=\"Ubuntu 24.04 LTS\"\n"), "Ubuntu 24.04 LTS");
    }
}

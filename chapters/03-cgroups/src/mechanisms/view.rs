//! The container's own cgroups, to be read inside.

use std::path::Path;

use ch02_rootfs::attr::{NO_DEV, NO_EXEC, NO_SUID, READ_ONLY};
use ch02_rootfs::mechanisms::Mounts;
use ch02_rootfs::mounts::Mount;

use crate::controller::Version;
use crate::place::Place;
use crate::steps;

/// Where programs look for it.
const DIRECTORY: &str = "/sys/fs/cgroup";

// ANCHOR: view
/// Mounts of the trees that the container is in, read-only, as on the host: v2 alone at
/// /sys/fs/cgroup, or a directory for each tree there. In a cgroup namespace of its own such a
/// mount begins at the container's own cgroup, so a program that reads `memory.max` there reads its
/// limit. (The Java machine and many others size themselves by it.)
pub fn view(place: &Place) -> Mounts {
    let safe = NO_SUID | NO_DEV | NO_EXEC;
    let on_v1: Vec<_> = place.sites.iter().filter(|site| site.version == Version::V1).collect();
    let mut mounts = Vec::new();
    if on_v1.is_empty() {
        mounts.push(Mount::new(DIRECTORY, "cgroup2", safe | READ_ONLY, &[]));
        return Mounts::further(&steps::VIEW_CGROUPS, mounts);
    }
    mounts.push(Mount::new(DIRECTORY, "tmpfs", safe, &[("mode", "755"), ("size", "16k")]));
    for site in &place.sites {
        let target = Path::new(DIRECTORY).join(site.top.file_name().unwrap_or_default());
        let target = target.to_string_lossy();
        mounts.push(match site.version {
            Version::V2 => Mount::new(&target, "cgroup2", safe | READ_ONLY, &[]),
            Version::V1 => {
                // Which tree it is: the mount is told by the names of its controllers.
                let names: Vec<_> = site.names.iter().map(|name| (name.as_str(), "")).collect();
                Mount::new(&target, "cgroup", safe | READ_ONLY, &names)
            }
        });
    }
    Mounts::further(&steps::VIEW_CGROUPS, mounts)
}
// ANCHOR_END: view

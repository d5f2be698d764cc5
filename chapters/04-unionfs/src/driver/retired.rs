//! Storage drivers that Docker had or has and that are not built here: what to say when somebody
//! asks for one.

/// What a driver was and what became of it (Docker Engine's release notes, "Deprecated and retired
/// features").
pub fn story(name: &str) -> Option<&'static str> {
    Some(match name {
        "aufs" => {
            "AUFS united directories (branches) in kernels that were patched for it; no mainline kernel ever had it, and \
             Docker removed the driver in version 24.0"
        }
        "devicemapper" => {
            "devicemapper gave each layer a thin-provisioned block device that was a snapshot of its parent's; Docker \
             removed the driver in version 25.0"
        }
        "overlay" => {
            "overlay, the first driver on overlayfs, had two directories at a time and copied the rest by hard links; \
             Docker removed it in version 24.0 in favour of overlay2"
        }
        "zfs" => "zfs makes each layer a clone of a snapshot in a ZFS pool; Docker still has the driver",
        "btrfs" => "btrfs makes each layer a subvolume that is a snapshot of its parent's; Docker still has the driver",
        "fuse-overlayfs" => {
            "fuse-overlayfs is overlayfs in user space, for kernels before 5.11 that mount none in a user namespace; \
             Docker still has the driver"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::driver::Name;

    #[test]
    fn who_asks_for_a_retired_driver_hears_what_became_of_it() {
        for (name, version) in [("devicemapper", "25.0"), ("aufs", "24.0"), ("overlay", "24.0")] {
            assert!(name.parse::<Name>().unwrap_err().contains(version), "{name}");
        }
        assert!("zfs".parse::<Name>().unwrap_err().contains("snapshot"));
        assert!("ext4".parse::<Name>().unwrap_err().contains("no storage driver"));
        assert_eq!("vfs".parse(), Ok(Name::Vfs));
    }
}

//! Which part of a v2 tree is ours to divide.
//!
//! Without systemd the files' owner decides it. A cgroup that systemd has named is another matter:
//! systemd is its single writer, gives controllers to it and takes them away as its own units need
//! them, and a limit of ours would be gone with them. That holds for root too, and for a user's own
//! manager, whose cgroups are all the user's files. What systemd promises to leave alone
//! (`Delegate=yes`) it marks. (systemd, "Control Cgroup APIs and Delegation".)

use std::ffi::CStr;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use crate::machine::Hierarchy;
use crate::{delegation, make_leaf, sys};

/// The extended attributes by which a cgroup that was delegated is known; the second, older one is
/// for root to read.
const MARKS: [&CStr; 2] = [c"user.delegate", c"trusted.delegate"];

/// The kinds of units that have cgroups: systemd.slice(5), systemd.scope(5), systemd.service(5).
const UNITS: [&str; 3] = [".slice", ".scope", ".service"];

/// The topmost cgroup of our part: the whole tree where systemd names no cgroups, as in most
/// containers; none where we are in a cgroup that is systemd's.
pub fn top(hierarchy: &Hierarchy) -> Option<PathBuf> {
    top_by(hierarchy, is_marked)
}

/// The same, for somebody in the cgroup at `directory`, which need not be there yet.
pub fn top_above(hierarchy: &Hierarchy, directory: &Path) -> Option<PathBuf> {
    let there = directory.ancestors().find(|directory| directory.exists()).unwrap_or(directory);
    top(&Hierarchy { own: there.to_path_buf(), ..hierarchy.clone() })
}

fn is_marked(unit: &Path) -> bool {
    // Older versions have no mark that an ordinary user can read; but we know what we asked for.
    let has = |mark: &&CStr| sys::extended_attribute(unit, mark).as_deref() == Some(b"1");
    delegation::is_own_scope(unit) || MARKS.iter().any(has)
}

// ANCHOR: movable
/// The cgroups whose processes may be moved out of the way: our own; and above it, what
/// was delegated to us, by systemd's mark or by its files' owner. (Root owns everything:
/// for root that says nothing.) In any other cgroup are strangers' processes.
pub fn movable(hierarchy: &Hierarchy) -> Vec<PathBuf> {
    let Some(top) = top(hierarchy) else { return Vec::new() };
    let is_delegated = top != hierarchy.mount_point || !Uid::effective().is_root();
    let above = hierarchy.own.ancestors().take_while(|cgroup| cgroup.starts_with(&top));
    let is_ours = |cgroup: &&Path| is_delegated || make_leaf::is_made_in(cgroup, &hierarchy.own);
    above.filter(is_ours).map(Path::to_path_buf).collect()
}
// ANCHOR_END: movable

// ANCHOR: top
fn top_by(hierarchy: &Hierarchy, is_marked: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let within =
        |directory: &&Path| directory.starts_with(&hierarchy.mount_point) && *directory != hierarchy.mount_point;
    let mut above = hierarchy.own.ancestors().take_while(within);
    match above.find(|directory| is_unit(directory)) {
        None => Some(hierarchy.mount_point.clone()),
        Some(unit) => is_marked(unit).then(|| unit.to_path_buf()),
    }
}
// ANCHOR_END: top

/// By its name: a unit's cgroup is called like the unit.
fn is_unit(directory: &Path) -> bool {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    UNITS.iter().any(|unit| name.ends_with(unit))
}

// ANCHOR: parent
/// The nearest cgroup above us, or our own, that may have children with controllers: one without
/// processes, or the root of all, which may have both. If there is none, our own will do: its
/// processes can [be moved](make_leaf::make).
pub fn parent(hierarchy: &Hierarchy, top: &Path) -> PathBuf {
    let mut part = hierarchy.own.ancestors().take_while(|directory| directory.starts_with(top));
    let fits = |directory: &&Path| !make_leaf::has_processes(directory) && make_leaf::may_write(directory);
    part.find(fits).unwrap_or(&hierarchy.own).to_path_buf()
}
// ANCHOR_END: parent

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::Version;

    fn top_of(own: &str, marked: &str) -> Option<String> {
        let mount_point = PathBuf::from("/sys/fs/cgroup");
        let own = mount_point.join(own);
        let hierarchy = Hierarchy { version: Version::V2, names: vec![], mount_point, own };
        top_by(&hierarchy, |unit| unit.ends_with(marked)).map(|top| top.display().to_string())
    }

    #[test]
    fn without_systemd_the_whole_tree_may_be_ours() {
        assert_eq!(top_of("", "-"), Some("/sys/fs/cgroup".into()));
        assert_eq!(top_of("boats/red", "-"), Some("/sys/fs/cgroup".into()));
    }

    #[test]
    fn of_systemds_cgroups_only_what_it_delegated_is() {
        let scope = "user.slice/user-1000.slice/user@1000.service/app.slice/run-r7.scope";
        assert_eq!(top_of("user.slice/user-1000.slice/session-3.scope", "-"), None);
        assert_eq!(top_of(scope, "run-r7.scope"), Some(format!("/sys/fs/cgroup/{scope}")));
        assert_eq!(
            top_of(&format!("{scope}/coracle-supervisor"), "run-r7.scope"),
            Some(format!("/sys/fs/cgroup/{scope}"))
        );
    }

    /// A terminal's shell on a desktop: what was delegated is the manager's, and the manager's cgroups
    /// are its own.
    #[test]
    fn what_was_delegated_to_a_manager_is_not_ours() {
        let terminal = "user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope";
        assert_eq!(top_of(terminal, "user@1000.service"), None);
    }
}

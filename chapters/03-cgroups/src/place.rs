//! Where a container's groups go.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};
use nix::unistd::{AccessFlags, access};

use crate::controller::{Controller, Version};
use crate::group::is_a_containers;
use crate::machine::{Hierarchy, Machine, read_lossily};
use crate::setting::write;
use crate::{part, room};
use crate::{steps, v2};

/// One site in each tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In the order of the trees.
    pub sites: Vec<Site>,
}

/// A place in one tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The tree's interface.
    pub version: Version,
    /// What the group shall have there.
    pub controllers: Vec<Controller>,
    /// Those of them that limits were asked for.
    pub demanded: Vec<Controller>,
    /// All controllers of the tree, by the kernel's names.
    pub names: Vec<String>,
    /// The folder in which the group is made.
    pub parent: PathBuf,
    /// The top of the tree, as we see it.
    pub top: PathBuf,
    /// The topmost group that is ours to divide, if any is.
    pub ours: Option<PathBuf>,
}

/// What a container gets without being asked: what is counted about it, and that it can be halted.
const ALWAYS: [Controller; 6] = [
    Controller::Cpu,
    Controller::Cpuacct,
    Controller::Memory,
    Controller::Pids,
    Controller::Blkio,
    Controller::Freezer,
];

// ANCHOR: find
impl Place {
    /// Decides it for every controller: those that limits demand, and those that every container gets where they are.
    pub fn find(machine: &Machine, demanded: &[Controller], parent: Option<&str>) -> Result<Place> {
        if let Some(asked) = parent {
            check_parent(asked)?;
        }
        let mut sites: Vec<(&Hierarchy, Site)> = Vec::new();
        for controller in Controller::ALL {
            let is_demanded = demanded.contains(&controller);
            if !is_demanded && !ALWAYS.contains(&controller) {
                continue;
            }
            let Some(hierarchy) = machine.hierarchy_of(controller) else {
                if is_demanded {
                    bail!("{}", missing(machine, controller));
                }
                continue;
            };
            let known = sites.iter().position(|(known, _)| *known == hierarchy);
            let site = match known {
                Some(index) => &mut sites[index].1,
                None => {
                    let (version, top) = (hierarchy.version, hierarchy.mount_point.clone());
                    let ours = part_of(hierarchy, parent);
                    let parent = parent_in(hierarchy, parent, ours.as_deref().unwrap_or(&top))?;
                    let names = hierarchy.names.clone();
                    let site = Site { version, controllers: vec![], demanded: vec![], names, parent, top, ours };
                    sites.push((hierarchy, site));
                    &mut sites.last_mut().expect("pushed a moment ago").1
                }
            };
            site.controllers.push(controller);
            site.demanded.extend(is_demanded.then_some(controller));
        }
        if sites.is_empty() {
            bail!("{}", missing(machine, Controller::Memory));
        }
        Ok(Place { sites: sites.into_iter().map(|(_, site)| site).collect() })
    }
    // ANCHOR_END: find

    /// Whether this user may make groups there. (The kernel has the last word.)
    pub fn is_ours(&self) -> bool {
        self.sites.iter().all(|site| {
            let there = site.parent.ancestors().find(|folder| folder.exists());
            site.ours.is_some() && there.is_some_and(|folder| access(folder, AccessFlags::W_OK).is_ok())
        })
    }

    /// A file system that nobody may write to, root neither.
    pub fn is_read_only(&self) -> bool {
        let there = |site: &Site| site.parent.ancestors().find(|folder| folder.exists()).map(Path::to_path_buf);
        let folders = self.sites.iter().filter_map(there);
        folders.into_iter().any(|folder| access(&folder, AccessFlags::W_OK) == Err(nix::errno::Errno::EROFS))
    }
}

impl Site {
    /// On v2, lets every group of ours from the topmost down to the parent give its children the controllers that are wanted.
    /// What was not demanded may be refused.
    pub fn enable(&self) -> Result<()> {
        if self.version == Version::V1 {
            return Ok(());
        }
        self.ours_to_divide().iter().try_for_each(|folder| self.enable_in(folder))
    }

    /// The groups from the topmost that is ours down to the parent.
    pub fn ours_to_divide(&self) -> Vec<PathBuf> {
        let top = self.ours.as_ref().unwrap_or(&self.top);
        let mut groups: Vec<PathBuf> =
            self.parent.ancestors().take_while(|group| group.starts_with(top)).map(Into::into).collect();
        groups.reverse();
        groups
    }

    fn enable_in(&self, folder: &Path) -> Result<()> {
        let file = folder.join(v2::SUBTREE_CONTROL);
        let given = fs::read_to_string(&file).unwrap_or_default();
        let is_parent = folder == self.parent;
        // The kernel would let it give the threaded controllers, and then nobody into its children (EOPNOTSUPP).
        if !is_parent && room::has_processes(folder) {
            return Ok(());
        }
        for controller in &self.controllers {
            let Some(name) = controller.v2_name() else { continue };
            if given.split_whitespace().any(|known| known == name) {
                continue;
            }
            // Further up others may have a say; what counts is the parent.
            let demanded = self.demanded.contains(controller) && is_parent;
            if !demanded && access(&file, AccessFlags::W_OK).is_err() {
                continue;
            }
            let enabled = write(&steps::ENABLE, &file, &format!("+{name}"));
            if demanded {
                enabled.map_err(|error| {
                    error.context(format!("the controller {name} can't be had in {}", folder.display()))
                })?;
            }
        }
        Ok(())
    }
}

fn check_parent(asked: &str) -> Result<()> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if asked.is_empty() || !Path::new(asked.trim_matches('/')).components().all(plain) {
        bail!("--cgroup-parent {asked:?} is no group: write a path such as /boats or boats/red, without . and ..");
    }
    let names = asked.split('/');
    if let Some(name) = names.into_iter().find(|name| is_a_containers(name)) {
        bail!(
            "--cgroup-parent {asked}: {name} is a container's own group\nlikely cause: its path was copied from ls or \
             /proc/PID/cgroup\ncure: name the group that it is in: what is inside of a container's group ends with it"
        );
    }
    Ok(())
}

/// The topmost group that is ours. Who names a parent from the top of the tree on has chosen; the kernel decides whether they may.
fn part_of(hierarchy: &Hierarchy, asked: Option<&str>) -> Option<PathBuf> {
    match hierarchy.version {
        Version::V2 if !asked.is_some_and(|parent| parent.starts_with('/')) => part::top(hierarchy),
        Version::V1 | Version::V2 => Some(hierarchy.mount_point.clone()),
    }
}

/// The folder in which groups are made. `asked`: with a slash in front from the top of the tree, else from where it would be
/// without.
fn parent_in(hierarchy: &Hierarchy, asked: Option<&str>, ours: &Path) -> Result<PathBuf> {
    let usual = || match hierarchy.version {
        // Inside our own group, so that what holds for us holds for the container.
        Version::V1 => hierarchy.own.clone(),
        Version::V2 => part::parent(hierarchy, ours),
    };
    let Some(asked) = asked else { return Ok(usual()) };
    let from = if asked.starts_with('/') { hierarchy.mount_point.clone() } else { usual() };
    let parent = if asked == "/" { from } else { from.join(asked.trim_matches('/')) };
    if let Some(file) = parent.ancestors().find(|path| path.exists()).filter(|path| !path.is_dir()) {
        bail!(
            "--cgroup-parent {asked}: {} is a file\nlikely cause: it is one of the kernel's files in a group\n\
             cure: name the group that it is in, or a group that isn't there yet",
            file.display()
        );
    }
    if hierarchy.version == Version::V2 && room::has_processes(&parent) {
        bail!(
            "--cgroup-parent {asked}: there are processes in {}\nlikely cause: on v2, processes are only in leaves of the tree, \
             and a group with children that have controllers is none (the no-internal-processes rule)\n\
             cure: move them into a child of it, or choose another parent",
            parent.display()
        );
    }
    Ok(parent)
}

/// Why there is no tree with a controller.
fn missing(machine: &Machine, controller: Controller) -> String {
    if machine.hierarchies.is_empty() && machine.has_trees {
        return "no group of this process is to be seen here, so nothing can be limited\nlikely cause: the tree is mounted, but \
                not the part that this process is in (see /proc/self/cgroup, and cgroup_namespaces(7))\ncure: start it where that \
                part is mounted; or leave the limit out"
            .into();
    }
    if machine.hierarchies.is_empty() {
        return "there is no cgroup file system here, so nothing can be limited\nlikely cause: none is mounted, or another \
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
    format!("the controller {controller} is not to be had\nlikely cause: {why}\ncure: {cure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v1(name: &str) -> Hierarchy {
        let mount_point = PathBuf::from("/no-such-mount").join(name);
        Hierarchy { version: Version::V1, names: vec![name.into()], own: mount_point.join("me"), mount_point }
    }

    #[test]
    fn what_is_demanded_and_not_there_is_an_error_and_the_rest_is_done_without() {
        let machine = Machine { hierarchies: vec![v1("memory")], has_trees: true };
        let place = Place::find(&machine, &[Controller::Memory], None).unwrap();
        assert_eq!(place.sites.len(), 1);
        assert_eq!(place.sites[0].parent, Path::new("/no-such-mount/memory/me"));
        assert!(
            Place::find(&machine, &[Controller::Pids], None).unwrap_err().to_string().contains("pids is not to be had")
        );
        let without = |has_trees| {
            let machine = Machine { has_trees, ..Machine::default() };
            Place::find(&machine, &[], None).unwrap_err().to_string()
        };
        assert!(without(false).contains("no cgroup file system"));
        assert!(without(true).contains("not the part that this process is in"));
    }

    #[test]
    fn a_parent_is_from_the_top_or_from_where_we_are() {
        let parent = |asked| parent_in(&v1("memory"), Some(asked), Path::new("/no-such-mount/memory"));
        assert_eq!(parent("/boats/red").unwrap(), Path::new("/no-such-mount/memory/boats/red"));
        assert_eq!(parent("boats").unwrap(), Path::new("/no-such-mount/memory/me/boats"));
        assert_eq!(parent("/").unwrap(), Path::new("/no-such-mount/memory"));
        for bad in ["", "../x", "a/../../b", "./a"] {
            assert!(check_parent(bad).is_err(), "{bad}");
        }
        // What is inside of a container's group would end with it. A scope that systemd handed over to us is none.
        assert!(check_parent("/boats/coracle-0a1b2c3d4e5f/red").unwrap_err().to_string().contains("a container's own"));
        assert!(check_parent("/user.slice/coracle-0a1b2c3d4e5f.scope/boats").is_ok());
    }
}

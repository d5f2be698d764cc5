//! Where a container's control groups go: decided for each controller by itself, since v1 and v2
//! trees may be there side by side (cgroups(7)).

mod hierarchy;

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use nix::unistd::Pid;

use hierarchy::{Hierarchy, Mount, may_have_children};

/// What limits a container, or halts it.
const CONTROLLERS: [&str; 4] = ["cpu", "memory", "pids", "freezer"];

/// The outermost group at or above a directory that is called like a container's.
fn containers_group(directory: &Path) -> Option<&Path> {
    let is_called_so = |group: &&Path| {
        let name = group.file_name().unwrap_or_default().as_encoded_bytes();
        name.starts_with(b"mydocker-") && name != b"mydocker-itself"
    };
    directory.ancestors().filter(is_called_so).last()
}

/// The two interfaces of the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// One tree for each controller, or for a few together.
    V1,
    /// One tree for all.
    V2,
}

/// A place for a container's group in each tree. Nothing is made there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup {
    trees: Vec<Tree>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Tree {
    version: Version,
    controllers: Vec<&'static str>,
    parent: PathBuf,
    directory: PathBuf,
}

impl Cgroup {
    /// The place for the container that is called so. It is below the group that this process is
    /// in, so that what holds for us holds for the container.
    pub fn place(name: &str) -> Result<Cgroup> {
        Cgroup::seen_by("self", Path::new("/"), name)
    }

    /// The directory of the group in the tree that has this controller: `cpu`, `memory`, `pids` or
    /// `freezer`.
    pub fn directory(&self, controller: &str) -> Result<&Path> {
        self.tree(controller).map(|tree| tree.directory.as_path())
    }

    /// Whose interface the files in that directory have.
    pub fn version(&self, controller: &str) -> Result<Version> {
        self.tree(controller).map(|tree| tree.version)
    }

    /// The directories of all these controllers, each once: on v1 one for each tree, on v2 it is
    /// one.
    pub fn directories(&self) -> Vec<&Path> {
        self.trees.iter().map(|tree| tree.directory.as_path()).collect()
    }

    /// The group in which ours is made: on v2, where that matters, and else wherever it is.
    pub fn parent(&self) -> &Path {
        let limits = |tree: &&Tree| tree.controllers.iter().any(|controller| *controller != "freezer");
        let v2 = |tree: &&Tree| tree.version == Version::V2;
        let tree = self.trees.iter().filter(limits).find(v2).or_else(|| self.trees.iter().find(limits));
        tree.map_or(Path::new("/sys/fs/cgroup"), |tree| &tree.parent)
    }

    /// The groups of the container with this first process, as they are seen from here, also of a
    /// container in a lab. An error, if it has none of its own. The process may be in a group
    /// below, which something in the container has made.
    pub fn for_container(container: Pid) -> Result<Cgroup> {
        let file = format!("/proc/{container}/cgroup");
        let cgroup = fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
        let mountinfo = fs::read_to_string("/proc/self/mountinfo").context("reading /proc/self/mountinfo")?;
        let v2_has = |top: &Path| fs::read_to_string(top.join("cgroup.controllers")).unwrap_or_default();
        let group = Cgroup::read(&cgroup, &mountinfo, &v2_has, &|hierarchy| {
            let directory = containers_group(&hierarchy.own).unwrap_or(&hierarchy.own);
            (directory.parent().unwrap_or(directory).to_path_buf(), directory.to_path_buf())
        });
        let is_ours = |directory: &Path| containers_group(directory) == Some(directory);
        ensure!(
            !group.trees.is_empty() && group.trees.iter().all(|tree| is_ours(&tree.directory)),
            "the container has no group of its own, or none that is seen from here: start it with a limit, as --pids 100"
        );
        Ok(group)
    }

    /// A place in this group, in each tree.
    pub(crate) fn inside(&self, name: &str) -> Cgroup {
        let inside =
            |tree: &Tree| Tree { parent: tree.directory.clone(), directory: tree.directory.join(name), ..tree.clone() };
        Cgroup { trees: self.trees.iter().map(inside).collect() }
    }

    /// As a process (`self`, or its number) sees it whose root is seen at `root`.
    pub(crate) fn seen_by(process: &str, root: &Path, name: &str) -> Result<Cgroup> {
        let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        ensure!(plain && !name.contains('/') && !name.is_empty(), "\"{name}\" can't be the name of a group");
        let read = |file: &str| {
            let path = Path::new("/proc").join(process).join(file);
            fs::read_to_string(&path).with_context(|| format!("reading {}, to find the groups", path.display()))
        };
        let here = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
        let v2_has = |top: &Path| fs::read_to_string(here(top).join("cgroup.controllers")).unwrap_or_default();
        let may_have_children = |group: &Path| may_have_children(&here(group));
        Ok(Cgroup::below(&read("cgroup")?, &read("mountinfo")?, &v2_has, &may_have_children, name))
    }

    /// Below the group that a process is in.
    fn below(
        cgroup: &str,
        mountinfo: &str,
        v2_has: &dyn Fn(&Path) -> String,
        may_have_children: &dyn Fn(&Path) -> bool,
        name: &str,
    ) -> Cgroup {
        Cgroup::read(cgroup, mountinfo, v2_has, &|hierarchy| {
            let own = &hierarchy.own;
            let parent = if hierarchy.v1.is_empty() { hierarchy.parent_on_v2(may_have_children) } else { own.clone() };
            let directory = parent.join(format!("mydocker-{name}"));
            (parent, directory)
        })
    }

    /// `place`: parent and directory in a tree. `v2_has`: the controllers that the group at the top
    /// of the v2 tree has.
    fn read(
        cgroup: &str,
        mountinfo: &str,
        v2_has: &dyn Fn(&Path) -> String,
        place: &dyn Fn(&Hierarchy) -> (PathBuf, PathBuf),
    ) -> Cgroup {
        let mounts: Vec<Mount> = mountinfo.lines().filter_map(Mount::parse).collect();
        let found: Vec<Hierarchy> = cgroup.lines().filter_map(|line| Hierarchy::find(line, &mounts)).collect();
        let mut trees: Vec<Tree> = Vec::new();
        for controller in CONTROLLERS {
            let on_v1 = found.iter().find(|hierarchy| hierarchy.v1.iter().any(|known| known == controller));
            let has = |top: &Path| {
                // Every v2 group can be frozen, without a controller for it.
                controller == "freezer" || v2_has(top).split_whitespace().any(|known| known == controller)
            };
            let on_v2 = || found.iter().find(|hierarchy| hierarchy.v1.is_empty() && has(&hierarchy.top));
            let Some(hierarchy) = on_v1.or_else(on_v2) else { continue };
            let version = if on_v1.is_some() { Version::V1 } else { Version::V2 };
            let (parent, directory) = place(hierarchy);
            match trees.iter_mut().find(|tree| tree.directory == directory) {
                Some(tree) => tree.controllers.push(controller),
                None => trees.push(Tree { version, controllers: vec![controller], parent, directory }),
            }
        }
        Cgroup { trees }
    }

    fn tree(&self, controller: &str) -> Result<&Tree> {
        match self.trees.iter().find(|tree| tree.controllers.contains(&controller)) {
            Some(tree) => Ok(tree),
            None => bail!("the controller {controller} is in no tree of groups that is mounted here (/proc/cgroups)"),
        }
    }
}

/// The group at the top of the v2 tree, as a process (`self`, or its number) sees it.
pub(crate) fn v2_top(process: &str) -> Result<PathBuf> {
    let read = |file: &str| fs::read_to_string(Path::new("/proc").join(process).join(file));
    let (cgroup, mountinfo) =
        read("cgroup").and_then(|text| Ok((text, read("mountinfo")?))).context("finding the groups")?;
    let mounts: Vec<Mount> = mountinfo.lines().filter_map(Mount::parse).collect();
    let line = cgroup.lines().find(|line| line.starts_with("0:"));
    let found = line.and_then(|line| Hierarchy::find(line, &mounts)).context("no v2 tree is mounted here")?;
    Ok(found.top)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(cgroup: &str, mounts: &[(&str, &str, &str, &str)], controllers: &str, empty: &str) -> Cgroup {
        let line = |(root, point, kind, options): &(&str, &str, &str, &str)| {
            format!("31 23 0:28 {root} {point} rw,relatime shared:1 - {kind} none rw,{options}\n")
        };
        let mountinfo: String = mounts.iter().map(line).collect();
        Cgroup::below(cgroup, &mountinfo, &|_| controllers.into(), &|group| group == Path::new(empty), "box")
    }

    fn directories(group: &Cgroup) -> Vec<String> {
        CONTROLLERS
            .iter()
            .map(|controller| match group.directory(controller) {
                Ok(directory) => {
                    format!("{:?} {}", group.version(controller).expect("it has a directory"), directory.display())
                }
                Err(error) => error.to_string().split(" is in").next().unwrap_or_default().into(),
            })
            .collect()
    }

    #[test]
    fn on_v1_each_tree_has_its_own_place() {
        let group = placed(
            "4:memory:/a/b\n3:cpu,cpuacct:/\n2:freezer:/\n0::/\n",
            &[
                ("/", "/s/memory", "cgroup", "memory"),
                ("/", "/s/cpu,cpuacct", "cgroup", "cpu,cpuacct"),
                ("/", "/s/freezer", "cgroup", "freezer"),
                ("/", "/s/unified", "cgroup2", "nsdelegate"),
            ],
            "",
            "/s/unified",
        );
        assert_eq!(
            directories(&group),
            [
                "V1 /s/cpu,cpuacct/mydocker-box",
                "V1 /s/memory/a/b/mydocker-box",
                "the controller pids",
                "V1 /s/freezer/mydocker-box"
            ]
        );
        assert_eq!(group.directories().len(), 3);
        assert_eq!(group.parent(), Path::new("/s/cpu,cpuacct"));
    }

    #[test]
    fn on_v2_all_are_in_one_place_below_the_nearest_group_that_may_have_children() {
        let mounts = [("/", "/s", "cgroup2", "nsdelegate")];
        let group = placed("0::/a/b\n", &mounts, "cpu memory pids", "/s/a");
        assert_eq!(directories(&group), ["V2 /s/a/mydocker-box"; 4]);
        assert_eq!((group.directories().len(), group.parent()), (1, Path::new("/s/a")));
        let delegated = placed("0::/a/b\n", &mounts, "cpu memory pids", "/other");
        assert_eq!(delegated.parent(), Path::new("/s/a/b"));
        let in_a_scope = placed("0::/app.slice/x.scope\n", &mounts, "cpu memory pids", "/s/app.slice");
        assert_eq!(in_a_scope.parent(), Path::new("/s/app.slice/x.scope"));
    }

    #[test]
    fn in_hybrid_each_controller_is_found_by_itself_and_the_later_mount_is_seen() {
        let group = placed(
            "5:cpu:/x/lab\n0::/\n",
            &[
                ("/", "/s/cpu", "cgroup", "cpu"),
                ("/x/lab", "/s/cpu", "cgroup", "cpu"),
                ("/", "/s/unified", "cgroup2", ""),
            ],
            "memory",
            "/s/unified",
        );
        let unified = "V2 /s/unified/mydocker-box";
        assert_eq!(directories(&group), ["V1 /s/cpu/mydocker-box", unified, "the controller pids", unified]);
        assert_eq!(group.parent(), Path::new("/s/unified"));
    }

    #[test]
    fn a_containers_group_is_found_from_one_below_it() {
        let group = Path::new("/tree/mydocker-itself/mydocker-box");
        assert_eq!(containers_group(&group.join("init/mydocker-inner")), Some(group));
        assert_eq!(containers_group(group), Some(group));
        assert_eq!(containers_group(Path::new("/tree/mydocker-itself")), None);
    }

    #[test]
    fn a_mount_of_another_part_shows_no_group_and_a_name_is_one_directory() {
        assert_eq!(placed("0::/b\n", &[("/a", "/s", "cgroup2", "")], "memory", "/s").directories().len(), 0);
        for name in ["", ".", "..", "a/b", "/a"] {
            assert!(Cgroup::place(name).is_err(), "{name:?}");
        }
        assert!(Cgroup::place("box").is_ok());
    }
}

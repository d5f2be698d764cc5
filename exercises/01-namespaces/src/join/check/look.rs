//! What the kernel shows of a program and of the container that it shall join.

use anyhow::Result;
use checker::{Heard, Program};
use lab::{Lab, look};

use crate::processes::named;
use checker::namespaces::Namespaces;

/// Files of /proc/PID/ns: the caller's, and the container's that it has to become.
const KINDS: [(&str, &str); 8] = [
    ("cgroup", "cgroup"),
    ("ipc", "ipc"),
    ("mnt", "mnt"),
    ("net", "net"),
    ("pid_for_children", "pid"),
    ("time", "time"),
    ("user", "user"),
    ("uts", "uts"),
];

/// A container, and where its caller stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The kinds of namespaces that the container doesn't share with the caller.
    pub own: Vec<&'static str>,
    /// `runs`, `in a lab`, `gone`, `another's`.
    pub container: &'static str,
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub heard: Heard,
    /// Whether the program still ran when we looked; if not, the lists below are empty.
    pub alive: bool,
    /// The kinds in which the caller was not in the container's namespace, before and after.
    pub apart_before: Vec<&'static str>,
    pub apart: Vec<&'static str>,
    /// The kinds that the caller has left.
    pub left: Vec<&'static str>,
    pub container_lives: bool,
    pub printed: String,
}

impl World {
    /// Kinds that a container may well share with its host.
    pub const MAY_BE_SHARED: [&str; 4] = ["cgroup", "ipc", "net", "uts"];

    /// An ordinary user's container, with everything of its own.
    pub fn apart() -> World {
        World { own: KINDS.map(|(_, kind)| kind).to_vec(), container: "runs" }
    }

    pub fn sharing(shared: &[&str]) -> World {
        let own = World::apart().own.into_iter().filter(|kind| !shared.contains(kind)).collect();
        World { own, container: "runs" }
    }

    /// A container in the user namespace that the caller is root of.
    pub fn inside() -> World {
        World::sharing(&["user"])
    }
}

pub fn at(program: &Program, world: World) -> Result<Seen> {
    let mut running = program.start(Lab::new(), &[&world.own.join(","), world.container])?;
    let main = running.main();
    let container = named(main, "container").first().copied();
    let apart = || container.map(|container| apart(main, container)).unwrap_or_default();
    let (before, apart_before) = (Namespaces::of(main), apart());

    let heard = running.go_on()?;

    let (after, apart) = (Namespaces::of(main), apart());
    let container_lives = container.is_some_and(look::process_exists);
    // Asked last: what was read before was read of a living process.
    let alive = look::process_exists(main);
    let if_alive = |kinds: Vec<&'static str>| if alive { kinds } else { Vec::new() };
    Ok(Seen {
        heard,
        alive,
        apart_before,
        apart: if_alive(apart),
        left: if_alive(before.left(&after)),
        container_lives,
        printed: running.end(),
    })
}

/// The kinds, as the container has them, in which the two differ.
fn apart(caller: i32, container: i32) -> Vec<&'static str> {
    let inode = |pid, kind: &str| look::namespace_inode(pid, kind).ok();
    let differ = |(ours, theirs): &(&str, &str)| inode(caller, ours) != inode(container, theirs);
    KINDS.iter().filter(|kind| differ(kind)).map(|(_, kind)| *kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_not_the_containers_own() {
        let world = World::sharing(&["ipc", "uts"]);
        assert_eq!(world.own, ["cgroup", "mnt", "net", "pid", "time", "user"]);
        assert!(!World::inside().own.contains(&"user") && World::inside().own.len() == 7);
    }
}

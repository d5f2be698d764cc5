//! What the kernel shows of both mount tables, the host's and the program's.

use std::path::PathBuf;

use anyhow::Result;
use checker::namespaces::Namespaces;
use checker::{Heard, Program};
use lab::look::{Mount, mountinfo};
use lab::{Lab, look};

use crate::view::{new_place, same_table, word};

#[derive(Debug, Clone)]
pub struct Seen {
    pub heard: Heard,
    /// Whether the program still ran when we looked; if not, its table is empty.
    pub alive: bool,
    /// Where the host has a mount, in which is another one, `hosts`; the container mounts `containers` there, and unmounts `hosts`.
    pub place: PathBuf,
    pub own_table: bool,
    /// The kinds of namespaces that the answer has left.
    pub left: Vec<&'static str>,
    pub host_before: Vec<Mount>,
    pub host_after: Vec<Mount>,
    pub table: Vec<Mount>,
    pub printed: String,
}

/// A run as somebody who may not make a mount namespace.
#[derive(Debug, Clone)]
pub struct Refused {
    pub heard: Heard,
    pub alive: bool,
    pub moved: bool,
}

/// Runs the program on a host whose mounts are shared, as systemd leaves them.
pub fn at(program: &Program) -> Result<Seen> {
    let place = new_place();
    let mut running = program.start(Lab::new().shared_mounts(), &[word(&place)])?;
    let (host, main) = (running.init(), running.main());
    let host_before = mountinfo(host)?;
    let before = Namespaces::of(main);

    let heard = running.go_on()?;

    let left = before.left(&Namespaces::of(main));
    let own_table = !same_table(main, host);
    let table = mountinfo(main).unwrap_or_default();
    // Asked between: what was read before was read of a living process, and with it the lab's host lives.
    let alive = look::process_exists(main);
    let host_after = if alive { mountinfo(host)? } else { Vec::new() };
    Ok(Seen { heard, alive, place, own_table, left, host_before, host_after, table, printed: running.end() })
}

pub fn at_nobody(program: &Program) -> Result<Refused> {
    let mut running = program.start(Lab::new().shared_mounts(), &["nobody"])?;
    let (host, main) = (running.init(), running.main());
    let heard = running.go_on()?;
    let moved = !same_table(main, host);
    Ok(Refused { heard, alive: look::process_exists(main), moved })
}

impl Refused {
    /// For an answer that ended the program, or never returned.
    pub fn like(seen: &Seen) -> Refused {
        Refused { heard: seen.heard.clone(), alive: seen.alive, moved: false }
    }
}

impl Seen {
    /// Those of the program's mounts that are still connected with others.
    pub fn connected(&self) -> Vec<&Mount> {
        self.table.iter().filter(|mount| !mount.is_private() || mount.propagation.unbindable).collect()
    }

    pub fn leaked(&self) -> bool {
        has(&self.host_after, &self.place.join("containers"))
    }

    pub fn took_away(&self) -> bool {
        !has(&self.host_after, &self.place.join("hosts"))
    }

    /// Whether the container's own mount is in its table: else nothing is proved by its absence elsewhere.
    pub fn mounted(&self) -> bool {
        has(&self.table, &self.place.join("containers"))
    }

    /// The host's mounts whose propagation has changed.
    pub fn changed_on_host(&self) -> Vec<&Mount> {
        let before = |now: &Mount| self.host_before.iter().find(|mount| mount.id == now.id);
        let changed = |now: &&Mount| before(now).is_some_and(|before| before.propagation != now.propagation);
        self.host_after.iter().filter(changed).collect()
    }
}

fn has(table: &[Mount], place: &PathBuf) -> bool {
    table.iter().any(|mount| mount.mount_point == *place)
}

//! What the kernel shows of a program's user namespace, after the answer has returned.

use anyhow::Result;
use checker::{Heard, Program};
use lab::Lab;
use lab::look::{self, IdRange};

use crate::processes::status;
use checker::namespaces::Namespaces;

mod writes;

use writes::Writes;

/// Whom the program is made before it calls the answer: an ordinary user, whoever runs the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct World {
    pub uid: u32,
    pub gid: u32,
    /// Whether the user may make user namespaces.
    pub room: bool,
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub world: World,
    pub heard: Heard,
    /// Whether the program still ran when we looked; if not, the fields below are empty.
    pub alive: bool,
    /// The kinds of namespaces that the program has left.
    pub left: Vec<&'static str>,
    pub uid_map: Vec<IdRange>,
    pub gid_map: Vec<IdRange>,
    /// `allow` or `deny`.
    pub setgroups: String,
    /// Which of the three files were written with success, in this order.
    pub written: Vec<&'static str>,
    /// Effective ids as numbered outside of all this, before and after.
    pub outside_before: Ids,
    pub outside: Ids,
    /// Capabilities that the program lacks, as bits.
    pub lacks: u64,
    pub printed: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ids {
    pub uid: u32,
    pub gid: u32,
}

pub fn at(program: &Program, world: World) -> Result<Seen> {
    let (uid, gid) = (world.uid.to_string(), world.gid.to_string());
    let room = if world.room { "room" } else { "no room" };
    let mut running = program.start(Lab::new(), &[&uid, &gid, room])?;
    let main = running.main();
    let before = Namespaces::of(main);
    let outside_before = Ids::of(main);
    let writes = Writes::watch(main)?;

    let heard = running.go_on()?;

    let after = Namespaces::of(main);
    let mut seen = Seen {
        world,
        heard,
        alive: false,
        left: before.left(&after),
        uid_map: look::uid_map(main).unwrap_or_default(),
        gid_map: look::gid_map(main).unwrap_or_default(),
        setgroups: look::setgroups(main).unwrap_or_default(),
        written: writes.so_far()?,
        outside_before,
        outside: Ids::of(main),
        lacks: look::capabilities(main).map_or(u64::MAX, |sets| all_capabilities() & !sets.effective),
        printed: String::new(),
    };
    // Asked last: what was read before was read of a living process.
    seen.alive = look::process_exists(main);
    if !seen.alive {
        seen.left.clear();
    }
    seen.printed = running.end();
    Ok(seen)
}

impl Ids {
    fn of(pid: i32) -> Ids {
        // Real, effective, saved, file system's.
        let effective = |field| status(pid, field)?.split_whitespace().nth(1)?.parse().ok();
        Ids { uid: effective("Uid").unwrap_or(u32::MAX), gid: effective("Gid").unwrap_or(u32::MAX) }
    }
}

fn all_capabilities() -> u64 {
    let last = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap").ok().and_then(|text| text.trim().parse().ok());
    // CAP_CHECKPOINT_RESTORE, the last one of Linux 5.14.
    u64::MAX >> (63 - last.unwrap_or(40u32).min(63))
}

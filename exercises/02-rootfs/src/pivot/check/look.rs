//! What the kernel shows of the program's root, and of the root of somebody else in the same mount namespace.

use std::fs::{self, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use checker::{Heard, Program};
use lab::look::{Mount, mountinfo};
use lab::{Lab, look};

use crate::view::{identity, names, new_place, path_of, same_table, word};

#[derive(Debug, Clone)]
pub struct Seen {
    pub heard: Heard,
    /// Whether the program still ran when we looked; if not, nothing below is true.
    pub alive: bool,
    /// Whether the program's / is the new root, by a file that only this one has.
    pub is_root: bool,
    /// Whether what was mounted below it is there.
    pub below: bool,
    /// Whether the mount namespace's root is the new one, for the witness, too, who has done nothing.
    pub for_all: bool,
    /// Whether the program is in another mount namespace than it was.
    pub moved: bool,
    /// Mount points of the mount namespace that aren't of the new root, as they are seen in it.
    pub others: Vec<String>,
    /// Whether the working directory is the new root.
    pub directory: bool,
    /// Whether the working directory is the new root's folder as it is below the mount that was made on it.
    pub covered: bool,
    /// What is in the new root that wasn't.
    pub left: Vec<String>,
    pub printed: String,
}

/// `kind`: the new root is a `folder`, a `mount`, or `missing`.
pub fn at(program: &Program, kind: &str) -> Result<Seen> {
    let place = new_place();
    let mut running = program.start(Lab::new(), &[word(&place), kind])?;
    let main = running.main();
    // Its only child, which was born before the answer is called.
    let witness = look::children(main).first().copied().context("the witness isn't there")?;

    let heard = running.go_on()?;

    let has = |pid: i32, file: &str| fs::read(path_of(pid, file)).is_ok_and(|text| text == word(&place).as_bytes());
    let is_root = has(main, "sentinel");
    let for_all = has(witness, "sentinel");
    let below = has(main, "below/sentinel");
    let directory =
        identity(format!("/proc/{main}/cwd")).is_some_and(|here| Some(here) == identity(path_of(main, "/")));
    let left = names(path_of(main, "/")).into_iter().filter(|name| name != "sentinel" && name != "below").collect();
    let moved = !same_table(main, witness);
    let table = mountinfo(witness).unwrap_or_default();
    let covered = stands_below_a_mount(main, &place.join("box"), &table);
    let mut others: Vec<String> = table.iter().map(|mount| mount.mount_point.display().to_string()).collect();
    // One of each is the new root's.
    for own in ["/", "/below"] {
        if for_all && let Some(place) = others.iter().position(|point| point == own) {
            others.remove(place);
        }
    }
    let alive = look::process_exists(main);
    let printed = running.end();
    let seen = Seen { heard, alive, is_root, below, for_all, moved, others, directory, covered, left, printed };
    Ok(if alive { seen } else { Seen { is_root: false, for_all: false, below: false, directory: false, ..seen } })
}

/// Whether the process stands in `folder`, and not in the mount that lies on it.
fn stands_below_a_mount(process: i32, folder: &Path, table: &[Mount]) -> bool {
    let Some(top) = table.iter().rev().find(|mount| mount.mount_point == folder) else { return false };
    let here = format!("/proc/{process}/cwd");
    // The same files either way: it is the mount that differs.
    identity(&here) == identity(path_of(process, folder)) && mount_of(&here).is_some_and(|id| id != top.id)
}

/// The id of the mount through which a folder is seen, as mountinfo has it: proc_pid_fdinfo(5).
fn mount_of(folder: &str) -> Option<i32> {
    let open = OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(folder).ok()?;
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", open.as_raw_fd())).ok()?;
    info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_seen_through_the_mount_that_mountinfo_lists() {
        let table = mountinfo(std::process::id() as i32).expect("our own");
        let proc = table.iter().rev().find(|mount| mount.mount_point == Path::new("/proc")).expect("a /proc");
        assert_eq!(mount_of("/proc"), Some(proc.id));
        assert_eq!(mount_of("/no/such/folder"), None);
    }
}

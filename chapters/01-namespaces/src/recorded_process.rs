//! A process as it is written down: by whose numbers, and whether it still lives.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// What can be seen of a container's first process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It is there.
    Alive,
    /// It has ended, or was never made.
    Gone,
    /// Its number and start time mean something only in the namespaces of its maker, which aren't
    /// ours.
    OutOfSight,
}

/// The namespaces in which a pid and a start time mean something: inode numbers of the reader's PID
/// and time namespaces.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenFrom {
    pid_namespace: u64,
    time_namespace: u64,
    /// The PID namespaces above, outermost first, as far as they are known. (The kernel doesn't
    /// tell a process what is above it: ioctl_nsfs(2), NS_GET_PARENT.)
    #[serde(default)]
    above: Vec<u64>,
}

impl SeenFrom {
    /// From where this process looks.
    pub fn here() -> SeenFrom {
        let inode = |kind| fs::metadata(format!("/proc/self/ns/{kind}")).map_or(0, |meta| meta.ino());
        SeenFrom { pid_namespace: inode("pid"), time_namespace: inode("time"), above: Vec::new() }
    }

    /// The same, for a process in the PID namespace of a container that was recorded as `outer`.
    pub(crate) fn below(self, outer: &SeenFrom) -> SeenFrom {
        let above = outer.above.iter().copied().chain([outer.pid_namespace]).collect();
        SeenFrom { above, ..self }
    }

    pub(crate) fn pid_namespace(&self) -> u64 {
        self.pid_namespace
    }

    /// Whether nothing is above: the machine's first PID namespace.
    pub(crate) fn is_the_machines_own(&self) -> bool {
        // PROC_PID_INIT_INO in linux/nsfs.h: fixed, since it is the same on every machine.
        const FIRST: u64 = 0xEFFF_FFFC;
        self.pid_namespace == FIRST
    }
}

/// A process by its number and its start time: a number is used again, the pair is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedProcess {
    /// As the recorder counts; 0 stands for none.
    pub pid: i32,
    /// In clock ticks since boot: field 22 of /proc/PID/stat.
    pub start_time: u64,
    /// In whose numbers the two are.
    pub seen_from: SeenFrom,
}

impl RecordedProcess {
    /// A process of ours that exists.
    pub fn from_pid(pid: Pid) -> anyhow::Result<RecordedProcess> {
        let start_time = start_time(pid).ok_or_else(|| anyhow::anyhow!("process {pid} is gone"))?;
        Ok(RecordedProcess { pid: pid.as_raw(), start_time, seen_from: SeenFrom::here() })
    }

    /// Whether it is alive: there, not a zombie, and the same one.
    pub fn life(&self) -> Life {
        if self.pid == 0 {
            return Life::Gone;
        }
        let here = SeenFrom::here();
        if self.seen_from.pid_namespace != here.pid_namespace {
            let all_are_dead = sees_all_of(&self.seen_from, &here) && is_empty(self.seen_from.pid_namespace);
            return if all_are_dead { Life::Gone } else { Life::OutOfSight };
        }
        match start_time(Pid::from_raw(self.pid)) {
            None => Life::Gone,
            // In another time namespace, start times count from another moment.
            Some(_) if self.seen_from.time_namespace != here.time_namespace => Life::OutOfSight,
            Some(start) if start == self.start_time => Life::Alive,
            Some(_) => Life::Gone,
        }
    }
}

/// Whether /proc shows this process everything in another PID namespace: it lies below
/// ours, or ours is the machine's first. An ordinary user may be shown their own
/// processes only (`hidepid`, see proc(5)); then process 1, which is root's, is hidden.
fn sees_all_of(other: &SeenFrom, here: &SeenFrom) -> bool {
    let is_below_ours = here.is_the_machines_own() || other.above.contains(&here.pid_namespace);
    is_below_ours && Path::new("/proc/1").exists()
}

/// Whether no process is in a PID namespace any more. When its process 1 ends, the kernel
/// kills all others, so a namespace without processes never gets one again:
/// pid_namespaces(7).
fn is_empty(pid_namespace: u64) -> bool {
    let Some(our_depth) = depth(&read("/proc/self/status")) else { return false };
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    for pid in pids {
        let status = read(&format!("/proc/{pid}/status"));
        let is_dead = status.is_empty() || status.contains("\nState:\tZ") || status.contains("\nState:\tX");
        if is_dead || depth(&status) == Some(our_depth) {
            continue;
        }
        match fs::metadata(format!("/proc/{pid}/ns/pid")) {
            Ok(meta) if meta.ino() != pid_namespace => {}
            Err(_) if start_time(Pid::from_raw(pid)).is_none() => {}
            // It is in there; or somebody else's, who doesn't let us look.
            Ok(_) | Err(_) => return false,
        }
    }
    true
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// In how many of the PID namespaces from ours down a process has a number: NSpid in its status.
fn depth(status: &str) -> Option<usize> {
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    Some(ids.split_whitespace().count())
}

/// When a process started, in clock ticks since boot; `None` when it is gone or only waits to be
/// reaped.
pub fn start_time(pid: Pid) -> Option<u64> {
    start_time_in(&String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat")).ok()?))
}

/// Field 22 of a /proc/PID/stat line, unless field 3 says that it is a zombie (Z) or dead (X):
/// proc_pid_stat(5). A first thread that has ended is shown as a zombie too while others of the
/// process (field 20) still end; they have its files open, and the ports that it listened on.
fn start_time_in(stat: &str) -> Option<u64> {
    // The second field is the program's name in parentheses and may itself contain anything,
    // parentheses too.
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
    let state = fields.next()?;
    let threads: u32 = fields.nth(16)?.parse().ok()?;
    if matches!(state, "Z" | "X") && threads <= 1 {
        return None;
    }
    fields.nth(1)?.parse().ok()
}

/// Whether a process has begun to end, and waits: a PID 1 for all others of its namespace.
pub(crate) fn is_exiting(pid: Pid) -> bool {
    fs::read(format!("/proc/{pid}/stat")).is_ok_and(|stat| is_exiting_in(&String::from_utf8_lossy(&stat)))
}

/// Field 9 of /proc/PID/stat, the kernel's flags: PF_EXITING in linux/sched.h.
fn is_exiting_in(stat: &str) -> bool {
    const PF_EXITING: u64 = 0x4;
    let Some(end) = stat.rfind(')') else { return false };
    let flags = stat[end + 1..].split_whitespace().nth(6).and_then(|flags| flags.parse().ok());
    flags.is_some_and(|flags: u64| flags & PF_EXITING != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "7 (a) S (b) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 1 1";

    #[test]
    fn the_start_time_is_found_behind_a_name_with_parentheses() {
        assert_eq!(start_time_in(STAT), Some(4242));
    }

    #[test]
    fn who_has_begun_to_end_is_known_by_the_kernels_flags() {
        assert!(!is_exiting_in(STAT));
        assert!(is_exiting_in(&STAT.replace("4194560", "4194564")));
    }

    #[test]
    fn a_zombie_is_not_alive() {
        assert_eq!(start_time_in(&STAT.replace("(b) S", "(b) Z")), None);
        // Its first thread has ended, and two others have not.
        assert_eq!(start_time_in(&STAT.replace("(b) S", "(b) Z").replace(" 20 0 1 0 ", " 20 0 3 0 ")), Some(4242));
    }

    #[test]
    fn a_process_with_another_start_time_is_another_process() {
        let me = Pid::this();
        let seen_from = SeenFrom::here();
        let mut process = RecordedProcess { pid: me.as_raw(), start_time: start_time(me).unwrap(), seen_from };
        assert_eq!(process.life(), Life::Alive);
        process.start_time -= 1;
        assert_eq!(process.life(), Life::Gone);
        process.seen_from.time_namespace += 1;
        assert_eq!(process.life(), Life::OutOfSight);
        // Whatever the clock says: a number that nobody has is nobody's.
        process.pid = i32::MAX;
        assert_eq!(process.life(), Life::Gone);
    }

    #[test]
    fn only_a_namespace_below_ours_can_be_seen_to_be_empty() {
        let here = SeenFrom { pid_namespace: 7, ..SeenFrom::default() };
        let inside = SeenFrom { pid_namespace: 8, ..SeenFrom::default() };
        assert!(!sees_all_of(&inside, &here));
        assert!(sees_all_of(&inside.clone().below(&here), &here));
        assert!(!sees_all_of(&here, &inside.below(&here)));
    }

    #[test]
    fn a_depth_is_the_count_of_numbers() {
        assert_eq!(depth("Name:\tsh\nNSpid:\t4711\t1\n"), Some(2));
        assert_eq!(depth("Name:\tsh\n"), None);
    }
}

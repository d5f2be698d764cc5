//! What the kernel shows of a program's namespaces, before the answer is called and after.

use anyhow::Result;
use checker::{Heard, Program};
use lab::{Lab, look};

/// Each kind as it is asked for, and the file of /proc/PID/ns that shows whether it was made: two are for children.
pub const KINDS: [(&str, &str); 8] = [
    ("cgroup", "cgroup"),
    ("ipc", "ipc"),
    ("mnt", "mnt"),
    ("net", "net"),
    ("pid", "pid_for_children"),
    ("time", "time_for_children"),
    ("user", "user"),
    ("uts", "uts"),
];

#[derive(Debug, Clone)]
pub struct Seen {
    pub asked: Vec<String>,
    pub heard: Heard,
    /// Whether the program still ran when we looked.
    pub alive: bool,
    /// Inode numbers by kind, in the order of `KINDS`. None for a PID namespace in which nobody lives yet.
    pub before: [Option<u64>; 8],
    pub after: [Option<u64>; 8],
    pub printed: String,
}

pub fn at(program: &Program, kinds: &[&str]) -> Result<Seen> {
    let mut running = program.start(Lab::new(), kinds)?;
    let main = running.main();
    let inodes = || KINDS.map(|(_, file)| look::namespace_inode(main, file).ok());
    let before = inodes();

    let heard = running.go_on()?;

    let after = inodes();
    let alive = look::process_exists(main);
    let asked = kinds.iter().map(ToString::to_string).collect();
    Ok(Seen { asked, heard, alive, before, after, printed: running.end() })
}

impl Seen {
    pub fn was_asked(&self, kind: &str) -> bool {
        self.asked.iter().any(|asked| asked == kind)
    }

    /// The kinds that are new.
    pub fn made(&self) -> Vec<&'static str> {
        let places = 0..KINDS.len();
        places
            .filter(|&place| self.alive && self.before[place] != self.after[place])
            .map(|place| KINDS[place].0)
            .collect()
    }

    /// A line for each kind, those that nothing happened to first: `unchanged  uts 4026531838`, `new        ipc 4026531839 → 4026532244`.
    pub fn numbers(&self, shown: impl Fn(&str) -> bool) -> String {
        let number = |inode: Option<u64>| inode.map_or("(nobody there yet)".to_string(), |inode| inode.to_string());
        let (mut unchanged, mut new) = (Vec::new(), Vec::new());
        for (place, (_, file)) in KINDS.iter().enumerate().filter(|(_, (kind, _))| shown(kind)) {
            let (before, after) = (self.before[place], self.after[place]);
            if before == after {
                unchanged.push(format!("unchanged  {file} {}", number(before)));
            } else {
                new.push(format!("new        {file} {} → {}", number(before), number(after)));
            }
        }
        [unchanged, new].concat().join("\n")
    }
}

//! The tour: what a process sees before and after, and the evidence.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result, bail};
use nix::unistd::Uid;

use crate::flags::StoreFlags;
use crate::namespaces::{Namespace, Namespaces};
use crate::narration::{TourFlags, fitted};
use crate::say;
use crate::target::Target;
use crate::tour_run::{TourRun, this_program};
use crate::view::View;

/// One day: no machine's uptime hides it.
const CLOCK_SHIFT: &str = "+1d";

/// Shows it.
pub fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
    let narration = flags.begin();
    narration.title("Chapter 1: a process of its own")?;
    say!("A container is a process. It runs on this kernel like any other, but the kernel");
    say!("shows it its own process ids, names, mounts, users: each kind of thing lives in");
    say!("a namespace, and a new process may get new ones.");
    narration.pause()?;

    narration.title("Who was here first")?;
    first_processes()?;
    narration.pause()?;

    narration.title("Two processes, one program")?;
    say!("I look around, then I start myself again in new namespaces, and look again:");
    say!("");
    let here = View::take()?;
    let mut inside = Looking::start(store)?;
    write!(std::io::stdout(), "{}", comparison(&here, &inside.view))?;
    narration.pause()?;

    narration.title("The evidence")?;
    say!("Seen from outside, a namespace is a file under /proc/PID/ns, and its inode");
    say!("number is its identity. Mine (process {}), then process {}'s:", here.pid, inside.host_pid);
    say!("");
    write!(
        std::io::stdout(),
        "{}",
        evidence(&inode_table(&Target::myself()?)?, &inode_table(&Target::process(inside.host_pid)?)?)
    )?;
    inside.end()?;
    say!("");
    say!("That process is gone, and its namespaces with it: nothing has to be cleaned up.");
    narration.pause()?;

    narration.title("Your turn")?;
    say!("  cargo run -p ch01-namespaces -- run -- sh            a shell in a container");
    say!("  cargo run -p ch01-namespaces -- run --explain -- sh  the same, call by call");
    say!("  cargo wb                                             the exercises");
    say!("");
    say!("In that shell you see this machine's files, and they are not copies: what you");
    say!("delete is deleted. A root file system of its own comes with chapter 2.");
    Ok(0)
}

/// What the seed of this course says of PID 1 and 2, held against this machine.
fn first_processes() -> Result<()> {
    say!("The kernel begins as a process that no list shows: idle, PID 0. It makes two:");
    say!("");
    for (pid, role) in [(1, "the first program"), (2, "the parent of kernel threads")] {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let field = |name: &str| status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_string()));
        match (field("Name:"), field("PPid:")) {
            (Some(name), Some(parent)) => say!("  PID {pid}  {name:<16} parent {parent:<6} {role}"),
            _ => say!("  PID {pid}  {:<16} {:<13} {role}", "(not in sight)", ""),
        }
    }
    // What can't be seen (another's /proc/PID with hidepid, say) proves nothing.
    match fs::read_to_string("/proc/2/comm") {
        Ok(name) if name.trim() != "kthreadd" => {
            say!("");
            say!("PID 2 is not kthreadd here: this is a PID namespace already (a container, or the");
            say!("lab of this workbook), and its PID 1 was forked like any process.");
        }
        _ => {}
    }
    Ok(())
}

/// A process that looks around in new namespaces and stays there.
struct Looking {
    run: TourRun,
    view: View,
    host_pid: i32,
}

impl Looking {
    fn start(store: &StoreFlags) -> Result<Looking> {
        let mut all = Namespaces::all();
        if Uid::effective().is_root() {
            all = all.iter().filter(|kind| *kind != Namespace::User).collect();
        }
        let mut command = this_program()?;
        let me = command.get_program().to_owned();
        command
            .args(store.as_args())
            .args(["run", "--namespaces", &all.to_string(), "--hostname", "boat", "--boottime", CLOCK_SHIFT, "--"])
            .arg(me)
            .args(["show-namespaces", "--with-ipc-object"]);
        let mut run = TourRun::start(&mut command)?;
        run.wait_for_output()?;
        let view = serde_json::from_str(&run.line()?).context("what the container saw can't be read")?;
        let host_pid = only_child(run.pid())?;
        Ok(Looking { run, view, host_pid })
    }

    fn end(&mut self) -> Result<()> {
        let status = self.run.end()?;
        if !status.success() {
            bail!("the container ended with {status}");
        }
        Ok(())
    }
}

fn only_child(pid: u32) -> Result<i32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    children.split_whitespace().next().context("the container is gone already")?.parse().context("not a process id")
}

/// Before and after, side by side.
fn comparison(here: &View, inside: &View) -> String {
    let row = |kind: &str, what: &str, here: &dyn ToString, inside: &dyn ToString| {
        format!("  {kind:<7} {what:<18} {:<24} {}\n", fitted(&here.to_string(), 24), fitted(&inside.to_string(), 24))
    };
    let interfaces = |view: &View| view.interfaces.join(" ");
    [
        row("", "", &"here", &"in the container"),
        row("pid", "my process id", &here.pid, &inside.pid),
        row("", "processes in /proc", &here.processes, &inside.processes),
        row("uts", "host name", &here.hostname, &inside.hostname),
        row(
            "user",
            "my user, group",
            &format!("{}, {}", here.uid, here.gid),
            &format!("{}, {}", inside.uid, inside.gid),
        ),
        row("mount", "mounts", &here.mounts, &format!("{} (its own /proc)", inside.mounts)),
        row("ipc", "System V objects", &here.ipc_objects, &format!("{} (made in there)", inside.ipc_objects)),
        row("net", "interfaces", &interfaces(here), &interfaces(inside)),
        row("cgroup", "my cgroup", &here.cgroup, &inside.cgroup),
        row("time", "up for", &for_people(here.uptime), &format!("{} (set ahead)", for_people(inside.uptime))),
    ]
    .concat()
}

fn for_people(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    format!("{days} d {hours:02}:{minutes:02}")
}

fn inode_table(process: &Target) -> Result<Vec<(Namespace, u64)>> {
    Namespace::ALL.into_iter().map(|kind| Ok((kind, process.inode(kind)?))).collect()
}

fn evidence(mine: &[(Namespace, u64)], its: &[(Namespace, u64)]) -> String {
    let row = |((kind, mine), (_, its)): (&(Namespace, u64), &(Namespace, u64))| {
        let verdict = if mine == its { "shared" } else { "its own" };
        format!("  {:<7} {mine:>11} {its:>11}  {verdict:<8} {}\n", kind.name(), kind.man_page())
    };
    mine.iter().zip(its).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_inode_is_a_shared_namespace() {
        let table = evidence(&[(Namespace::Pid, 1), (Namespace::Uts, 2)], &[(Namespace::Pid, 1), (Namespace::Uts, 3)]);
        let rows: Vec<_> = table.lines().collect();
        assert!(rows[0].contains("shared") && rows[1].contains("its own"), "{table}");
    }

    #[test]
    fn uptime_reads_as_days_and_hours() {
        assert_eq!(for_people(90_061), "1 d 01:01");
    }
}

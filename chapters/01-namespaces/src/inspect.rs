//! `inspect`: a process's namespaces, its ids, and the processes around it as both sides see them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::fd::AsFd;

use anyhow::Result;
use serde::Serialize;

use crate::namespaces::Namespace;
use crate::ps::Format;
use crate::sys;
use crate::target::Target;

/// One namespace of the process.
#[derive(Debug, Serialize)]
struct Row {
    kind: Namespace,
    /// The inode number of its file: its identity.
    inode: u64,
    /// Whether it is ours too.
    shared: bool,
    /// The user, as we count, whose user namespace it belongs to; null when we may not know.
    owner: Option<u32>,
    manual: &'static str,
}

/// A process in the same PID namespace.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
struct Member {
    /// As we count.
    pid: i32,
    /// As its own PID namespace counts.
    inside: i32,
    /// Its parent, as we count; 0 when that is outside of what we see.
    parent: i32,
    name: String,
}

#[derive(Debug, Serialize)]
struct Report {
    pid: i32,
    namespaces: Vec<Row>,
    uid_map: String,
    gid_map: String,
    setgroups: String,
    processes: Vec<Member>,
}

/// Prints it.
pub fn inspect(target: &Target, format: Format) -> Result<()> {
    let report = observe(target)?;
    match format {
        Format::Json => writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?,
        Format::Table => write!(std::io::stdout(), "{}", text(&report))?,
    }
    Ok(())
}

fn observe(target: &Target) -> Result<Report> {
    let me = Target::myself()?;
    let row = |kind: Namespace| {
        let inode = target.inode(kind)?;
        Ok(Row { kind, inode, shared: inode == me.inode(kind)?, owner: owner(target, kind), manual: kind.man_page() })
    };
    let file = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", target.pid)).unwrap_or_default();
    let map = |name: &str| {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        file(name).lines().map(words).collect::<Vec<_>>().join("\n")
    };
    Ok(Report {
        pid: target.pid.as_raw(),
        namespaces: Namespace::ALL.into_iter().map(row).collect::<Result<_>>()?,
        uid_map: map("uid_map"),
        gid_map: map("gid_map"),
        setgroups: file("setgroups").trim().into(),
        processes: members(target)?,
    })
}

/// A user namespace belongs to whoever made it; any other to the user namespace in which it was
/// made.
fn owner(target: &Target, kind: Namespace) -> Option<u32> {
    let namespace = target.namespace(kind).ok()?;
    if kind == Namespace::User {
        return sys::maker_of(namespace.as_fd()).ok();
    }
    let owner = sys::owner_of(namespace.as_fd()).ok()?;
    sys::maker_of(owner.as_fd()).ok()
}

/// The processes of the target's PID namespace that we see.
fn members(target: &Target) -> Result<Vec<Member>> {
    let namespace = target.inode(Namespace::Pid)?;
    let mut members = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
        // Processes come and go; what has gone is no error. Nor is what belongs to somebody else.
        let Ok(process) = Target::process(pid) else { continue };
        if process.inode(Namespace::Pid).ok() == Some(namespace) {
            members.extend(member_in(&fs::read_to_string(entry.path().join("status")).unwrap_or_default()));
        }
    }
    members.sort_by_key(|member| member.pid);
    Ok(members)
}

/// From a /proc/PID/status: NSpid lists the process's ids from our PID namespace to its own.
fn member_in(status: &str) -> Option<Member> {
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    Some(Member {
        pid: field("Pid")?.parse().ok()?,
        inside: field("NSpid")?.split_whitespace().last()?.parse().ok()?,
        parent: field("PPid")?.parse().ok()?,
        name: field("Name")?.into(),
    })
}

fn text(report: &Report) -> String {
    let mut text =
        format!("process {}\n\n{:<9} {:>11}  {:<8} {:>7}  MANUAL\n", report.pid, "NAMESPACE", "INODE", "", "OWNER");
    for row in &report.namespaces {
        let shared = if row.shared { "shared" } else { "its own" };
        let owner = row.owner.map_or("?".into(), |uid| uid.to_string());
        text += &format!("{:<9} {:>11}  {shared:<8} {owner:>7}  {}\n", row.kind.name(), row.inode, row.manual);
    }
    text += &format!("\n{:<9} inside, outside, count\n", "IDS");
    for (name, map) in [("uid_map", &report.uid_map), ("gid_map", &report.gid_map)] {
        for line in map.lines() {
            text += &format!("{name:<9} {line}\n");
        }
    }
    text += &format!("{:<9} {}\n", "setgroups", report.setgroups);
    text += &format!("\n{:>9} {:>7}  PROCESSES OF ITS PID NAMESPACE\n", "PID HERE", "INSIDE");
    for (depth, member) in as_tree(&report.processes) {
        text += &format!("{:>9} {:>7}  {}{}\n", member.pid, member.inside, "  ".repeat(depth), member.name);
    }
    text
}

/// Parents before children, with their depth.
fn as_tree(members: &[Member]) -> Vec<(usize, &Member)> {
    let mut children: BTreeMap<i32, Vec<&Member>> = BTreeMap::new();
    let known = |pid: i32| members.iter().any(|member| member.pid == pid);
    for member in members {
        children.entry(if known(member.parent) { member.parent } else { 0 }).or_default().push(member);
    }
    let mut tree = Vec::new();
    let mut todo: Vec<(usize, &Member)> =
        children.remove(&0).unwrap_or_default().into_iter().rev().map(|m| (0, m)).collect();
    while let Some((depth, member)) = todo.pop() {
        tree.push((depth, member));
        let below = children.remove(&member.pid).unwrap_or_default();
        todo.extend(below.into_iter().rev().map(|child| (depth + 1, child)));
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(pid: i32, inside: i32, parent: i32) -> Member {
        Member { pid, inside, parent, name: format!("p{inside}") }
    }

    #[test]
    fn both_numbers_of_a_process_are_read() {
        let status = "Name:\tsh\nPid:\t4711\nPPid:\t4700\nNSpid:\t4711\t12\t1\n";
        assert_eq!(member_in(status).unwrap(), Member { pid: 4711, inside: 1, parent: 4700, name: "sh".into() });
    }

    #[test]
    fn the_tree_begins_with_those_whose_parents_are_out_of_sight() {
        let members = [member(10, 1, 9), member(11, 2, 10), member(12, 3, 11), member(13, 4, 10)];
        let depths: Vec<_> = as_tree(&members).into_iter().map(|(depth, member)| (depth, member.inside)).collect();
        assert_eq!(depths, [(0, 1), (1, 2), (2, 3), (1, 4)]);
    }
}

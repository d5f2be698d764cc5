//! Which ids exist in a user namespace, and who they are outside: user_namespaces(7), subuid(5).

use std::fs;

use crate::plan::Caller;

/// One line of an id map: `count` ids from `inside` on are those from `outside` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// First id in the new namespace.
    pub inside: u32,
    /// First id in ours.
    pub outside: u32,
    /// How many.
    pub count: u32,
}

impl Range {
    /// As the kernel reads it from a map file.
    pub fn line(self) -> String {
        format!("{} {} {}", self.inside, self.outside, self.count)
    }
}

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Request {
    /// As many ids as can be had.
    #[default]
    Most,
    /// The caller appears under these ids, and nobody else exists.
    OnlyMe {
        /// User id inside.
        uid: u32,
        /// Group id inside.
        gid: u32,
    },
}

/// How the maps get written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapping {
    /// One id, which everybody may map: written by us, after setgroups has been given up if we have no
    /// privilege.
    Single { user: Range, group: Range, give_up_setgroups: bool },
    /// Ranges that an administrator granted in /etc/subuid and /etc/subgid: newuidmap(1) and
    /// newgidmap(1), which have the privilege, write them.
    Granted { users: Vec<Range>, groups: Vec<Range> },
    /// All that exist in our own namespace, unchanged: written by us, who are root.
    Same { users: Vec<Range>, groups: Vec<Range> },
}

/// What the decision depends on.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Our own /proc/self/uid_map and gid_map.
    pub own_maps: [String; 2],
    /// The lines of /etc/subuid and /etc/subgid that are ours: first id and count.
    pub granted: [Vec<(u32, u32)>; 2],
    /// Whether newuidmap and newgidmap are installed.
    pub helpers: bool,
}

impl Facts {
    /// Looks at this machine.
    pub fn of_this_machine(caller: Caller) -> Facts {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let name = nix::unistd::User::from_uid(caller.uid).ok().flatten().map(|user| user.name).unwrap_or_default();
        let uid = caller.uid.to_string();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let installed = |program: &str| std::env::split_paths(&path).any(|directory| directory.join(program).is_file());
        Facts {
            own_maps: ["/proc/self/uid_map", "/proc/self/gid_map"].map(read),
            granted: ["/etc/subuid", "/etc/subgid"].map(|file| granted_in(&read(file), &name, &uid)),
            helpers: installed("newuidmap") && installed("newgidmap"),
        }
    }
}

// ANCHOR: decide
/// Decides.
pub fn decide(request: Request, caller: Caller, facts: &Facts) -> Mapping {
    let single = |uid, gid| Mapping::Single {
        user: Range { inside: uid, outside: caller.uid.as_raw(), count: 1 },
        group: Range { inside: gid, outside: caller.gid.as_raw(), count: 1 },
        give_up_setgroups: !caller.uid.is_root(),
    };
    if let Request::OnlyMe { uid, gid } = request {
        return single(uid, gid);
    }
    let [own_users, own_groups] = &facts.own_maps;
    if caller.uid.is_root() {
        return Mapping::Same { users: unchanged(own_users), groups: unchanged(own_groups) };
    }
    let [users, groups] = &facts.granted;
    // In a user namespace (a lab, a container) the helpers have no privilege over ids of the machine.
    let on_the_machine_itself = own_users.split_whitespace().eq(["0", "0", "4294967295"]);
    if facts.helpers && on_the_machine_itself && !users.is_empty() && !groups.is_empty() {
        return Mapping::Granted {
            users: stacked(caller.uid.as_raw(), users),
            groups: stacked(caller.gid.as_raw(), groups),
        };
    }
    single(0, 0)
}
// ANCHOR_END: decide

// ANCHOR: stacked
/// The caller as id 0, then the granted ids from 1 on, each once: lines of /etc/subuid
/// may overlap, or cover the caller's own id, but no outside id may occur twice in a map
/// (EINVAL).
fn stacked(caller: u32, granted: &[(u32, u32)]) -> Vec<Range> {
    let mut ranges = vec![Range { inside: 0, outside: caller, count: 1 }];
    for &(first, count) in granted {
        // The last id of all, -1, stands for "none" in many calls.
        let end = first.saturating_add(count);
        let ends = |range: &Range| (range.outside, range.outside + range.count);
        let mut taken: Vec<(u32, u32)> = ranges.iter().map(ends).collect();
        taken.sort_unstable();
        let mut next = first;
        for (taken, after) in taken.into_iter().chain([(end, end)]) {
            let stop = taken.clamp(next, end.max(next));
            push(&mut ranges, next, stop - next);
            next = next.max(after.min(end));
        }
    }
    ranges
}

fn push(ranges: &mut Vec<Range>, outside: u32, count: u32) {
    let inside = ranges.last().map_or(0, |last| last.inside + last.count);
    // Inside, too, there are no more ids than 2^32 - 1.
    let count = count.min(u32::MAX - inside);
    // The kernel takes 340 lines: user_namespaces(7).
    if count > 0 && ranges.len() < 340 {
        ranges.push(Range { inside, outside, count });
    }
}
// ANCHOR_END: stacked

/// What exists in our namespace, under the same ids. The middle column of our own map counts in our
/// parent's.
fn unchanged(own_map: &str) -> Vec<Range> {
    let range = |line: &str| {
        let mut numbers = line.split_whitespace().map(str::parse);
        let (Some(Ok(inside)), _, Some(Ok(count))) = (numbers.next(), numbers.next(), numbers.next()) else {
            return None;
        };
        Some(Range { inside, outside: inside, count })
    };
    own_map.lines().filter_map(range).collect()
}

/// `name:first:count` a line, the name perhaps a number: subuid(5).
fn granted_in(file: &str, name: &str, uid: &str) -> Vec<(u32, u32)> {
    let range = |line: &str| {
        let mut fields = line.split(':');
        let owner = fields.next()?;
        if owner != uid && (owner != name || name.is_empty()) {
            return None;
        }
        Some((fields.next()?.trim().parse().ok()?, fields.next()?.trim().parse().ok()?))
    };
    file.lines().filter_map(range).filter(|(_, count)| *count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::{Gid, Uid};

    const FULL: &str = "         0          0 4294967295\n";

    fn caller(uid: u32) -> Caller {
        Caller { uid: Uid::from_raw(uid), gid: Gid::from_raw(uid) }
    }

    fn granted() -> Facts {
        Facts {
            own_maps: [FULL.into(), FULL.into()],
            granted: [vec![(100_000, 65_536)], vec![(100_000, 65_536)]],
            helpers: true,
        }
    }

    fn lines(ranges: &[Range]) -> Vec<String> {
        ranges.iter().map(|range| range.line()).collect()
    }

    #[test]
    fn an_ordinary_user_with_a_grant_is_root_over_the_granted_ids() {
        let Mapping::Granted { users, .. } = decide(Request::Most, caller(1000), &granted()) else { panic!() };
        assert_eq!(lines(&users), ["0 1000 1", "1 100000 65536"]);
    }

    #[test]
    fn no_id_is_mapped_twice_however_the_grants_lie() {
        let map = |granted: &[(u32, u32)]| lines(&stacked(1000, granted));
        // The second line covers the caller's own id; adjoining and overlapping ones; the same
        // twice.
        assert_eq!(map(&[(100_000, 10), (900, 200)]), ["0 1000 1", "1 100000 10", "11 900 100", "111 1001 99"]);
        assert_eq!(map(&[(1000, 5)]), ["0 1000 1", "1 1001 4"]);
        assert_eq!(map(&[(100, 10), (110, 10), (105, 20)]), ["0 1000 1", "1 100 10", "11 110 10", "21 120 5"]);
        assert_eq!(map(&[(100, 10), (100, 10), (90, 30)]), ["0 1000 1", "1 100 10", "11 90 10", "21 110 10"]);
        // Nothing overflows, whatever the file says.
        let all = stacked(1000, &[(0, u32::MAX), (5, u32::MAX), (u32::MAX, u32::MAX)]);
        assert_eq!(lines(&all), ["0 1000 1", "1 0 1000", "1001 1001 4294966294"]);
        assert_eq!(stacked(1000, &(0..1000).map(|n| (2000 + 2 * n, 1)).collect::<Vec<_>>()).len(), 340);
    }

    #[test]
    fn without_helpers_without_grant_or_in_a_namespace_there_is_one_id() {
        let without_helpers = Facts { helpers: false, ..granted() };
        let without_grant = Facts { granted: [vec![], vec![]], ..granted() };
        let inside = Facts { own_maps: ["1000 1000 1".into(), "1000 1000 1".into()], ..granted() };
        for facts in [without_helpers, without_grant, inside] {
            let Mapping::Single { user, give_up_setgroups, .. } = decide(Request::Most, caller(1000), &facts) else {
                panic!("{facts:?}")
            };
            assert_eq!((user.line().as_str(), give_up_setgroups), ("0 1000 1", true));
        }
    }

    #[test]
    fn only_me_is_honoured_whatever_could_be_had() {
        let mapping = decide(Request::OnlyMe { uid: 7, gid: 8 }, caller(1000), &granted());
        let Mapping::Single { user, group, .. } = mapping else { panic!() };
        assert_eq!([user.line(), group.line()], ["7 1000 1", "8 1000 1"]);
    }

    #[test]
    fn root_keeps_all_the_ids_that_it_has_and_no_others() {
        let inside = Facts { own_maps: ["0 1000 1\n1 100000 65536\n".into(), FULL.into()], ..granted() };
        let Mapping::Same { users, groups } = decide(Request::Most, caller(0), &inside) else { panic!() };
        assert_eq!(lines(&users), ["0 0 1", "1 1 65536"]);
        assert_eq!(lines(&groups), ["0 0 4294967295"]);
    }

    #[test]
    fn grants_are_found_by_name_and_by_number() {
        let file = "root:1:2\nann:100000:65536\n1000:300000:10\nbob:500000:1\n";
        assert_eq!(granted_in(file, "ann", "1000"), [(100_000, 65_536), (300_000, 10)]);
        assert_eq!(granted_in(file, "", "2"), []);
    }
}

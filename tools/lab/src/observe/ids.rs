//! The id maps of a process's user namespace: user_namespaces(7).

use anyhow::{Context, Result};

use super::fields;

/// One line of a map: `length` ids from `inside` on are the ids from `outside` on, as the reader of
/// the file sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    pub inside: u32,
    pub outside: u32,
    pub length: u32,
}

/// /proc/PID/uid_map; empty as long as nobody has written it.
pub fn uid_map(pid: i32) -> Result<Vec<IdRange>> {
    parse(&fields::read(pid, "uid_map")?).with_context(|| format!("/proc/{pid}/uid_map"))
}

/// /proc/PID/gid_map; empty as long as nobody has written it.
pub fn gid_map(pid: i32) -> Result<Vec<IdRange>> {
    parse(&fields::read(pid, "gid_map")?).with_context(|| format!("/proc/{pid}/gid_map"))
}

/// /proc/PID/setgroups: `allow` or `deny`.
pub fn setgroups(pid: i32) -> Result<String> {
    Ok(fields::read(pid, "setgroups")?.trim().to_string())
}

fn parse(map: &str) -> Option<Vec<IdRange>> {
    let line = |line: &str| {
        let mut numbers = line.split_whitespace().map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(IdRange { inside: next()?, outside: next()?, length: next()? })
    };
    map.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_range() {
        let map = "         0       1000          1\n         1     100000      65536\n";
        let expected =
            [IdRange { inside: 0, outside: 1000, length: 1 }, IdRange { inside: 1, outside: 100_000, length: 65536 }];
        assert_eq!(parse(map).unwrap(), expected);
    }

    #[test]
    fn the_machines_own_map_covers_all_ids() {
        assert_eq!(parse("0 0 4294967295\n").unwrap(), [IdRange { inside: 0, outside: 0, length: u32::MAX }]);
    }

    #[test]
    fn an_unwritten_map_is_empty_and_nonsense_is_refused() {
        assert_eq!(parse(""), Some(vec![]));
        assert_eq!(parse("0 1000\n"), None);
    }
}

//! The powers that a process has, as the kernel says: /proc/PID/status.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::capabilities::Capabilities;

/// What a process may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The effective user, as the container counts.
    pub user: u32,
    /// What it can use.
    pub effective: Capabilities,
    /// What it and its children can ever get.
    pub bounding: Capabilities,
    /// Whether a filter looks at its system calls, and how many: 0 if the kernel doesn't say.
    pub is_filtered: bool,
    /// See above.
    pub filters: u32,
    /// Whether a program that it executes may bring more.
    pub no_new_privileges: bool,
    /// Its name.
    pub command: String,
}

/// What an id is called in a user namespace, by its map: lines of inside, outside, count
/// (user_namespaces(7)).
fn inside(map: &str, id: u32) -> u32 {
    let of_line = |line: &str| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        let (first, outside, count) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
        let offset = id.checked_sub(outside).filter(|offset| *offset < count)?;
        first.checked_add(offset)
    };
    map.lines().find_map(of_line).unwrap_or(id)
}

impl Held {
    /// Asks the kernel.
    pub fn by_process(pid: i32) -> Result<Held> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
            .with_context(|| format!("cannot look at process {pid}"))?;
        let mut held = Held::parse(&status)
            .with_context(|| format!("/proc/{pid}/status is not as proc_pid_status(5) describes it"))?;
        // The kernel tells ids as the reader's user namespace has them, in both files.
        let map = std::fs::read_to_string(format!("/proc/{pid}/uid_map")).unwrap_or_default();
        held.user = inside(&map, held.user);
        Ok(held)
    }

    fn parse(status: &str) -> Option<Held> {
        let field =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        let set = |name: &str| Some(Capabilities::from_bits(u64::from_str_radix(field(name)?, 16).ok()?));
        Some(Held {
            user: field("Uid")?.split_whitespace().nth(1)?.parse().ok()?,
            effective: set("CapEff")?,
            bounding: set("CapBnd")?,
            is_filtered: field("Seccomp")? == "2",
            filters: field("Seccomp_filters").and_then(|number| number.parse().ok()).unwrap_or_default(),
            no_new_privileges: field("NoNewPrivs")? == "1",
            command: field("Name")?.into(),
        })
    }

    /// For `inspect`.
    pub fn as_json(&self) -> Value {
        json!({"User": self.user, "Effective": self.effective.names(), "Bounding": self.bounding.names(),
            "Seccomp": self.seccomp(), "SeccompFilters": self.filters, "NoNewPrivileges": self.no_new_privileges})
    }

    /// The titles of [`Held::cells`].
    pub const TITLES: [&str; 7] = ["PID", "UID", "EFFECTIVE", "BOUNDING", "SECCOMP", "NO_NEW_PRIVS", "COMMAND"];

    /// A row for `top --powers`.
    pub fn cells(&self, pid: i32) -> Vec<String> {
        let bits = |set: Capabilities| format!("{:016x}", set.bits());
        let seccomp =
            if self.is_filtered { format!("{}, {}", self.seccomp(), self.filters) } else { self.seccomp().into() };
        let no_new_privileges = if self.no_new_privileges { "yes" } else { "no" };
        vec![
            pid.to_string(),
            self.user.to_string(),
            bits(self.effective),
            bits(self.bounding),
            seccomp,
            no_new_privileges.into(),
            self.command.clone(),
        ]
    }

    fn seccomp(&self) -> &'static str {
        if self.is_filtered { "filter" } else { "none" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_powers_can_be_read() {
        let own = Held::by_process(std::process::id() as i32).unwrap();
        assert_eq!(own.user, nix::unistd::geteuid().as_raw());
        assert_eq!(own.cells(1).len(), Held::TITLES.len());
    }

    #[test]
    fn an_id_is_told_as_the_container_has_it() {
        let map = "         0       1002          1\n         1     165536      65536\n";
        assert_eq!([1002, 165_536, 165_635, 7].map(|id| inside(map, id)), [0, 1, 100, 7]);
    }

    #[test]
    fn a_status_says_everything() {
        let status = "Name:\tsleep\nUid:\t0\t7\t0\t0\nCapEff:\t0000000000000001\nCapBnd:\t00000000a80425fb\nNoNewPrivs:\t1\n\
                      Seccomp:\t2\nSeccomp_filters:\t2\n";
        let held = Held::parse(status).unwrap();
        assert_eq!(held.as_json()["Effective"], json!(["CHOWN"]));
        assert_eq!(held.cells(5), ["5", "7", "0000000000000001", "00000000a80425fb", "filter, 2", "yes", "sleep"]);
        assert_eq!(Held::parse("Name:\tx\n"), None);
    }
}

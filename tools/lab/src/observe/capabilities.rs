//! A process's capability sets: capabilities(7).

use anyhow::{Context, Result};

use super::fields;

/// The sets of one process, bit N for capability N. They count in the process's own user namespace
/// only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// CapInh
    pub inheritable: u64,
    /// CapPrm
    pub permitted: u64,
    /// CapEff: what the kernel asks about.
    pub effective: u64,
    /// CapBnd: what can never be got back by exec once it is gone from here.
    pub bounding: u64,
    /// CapAmb: what an exec as an ordinary user keeps.
    pub ambient: u64,
}

/// The capability sets of a process.
pub fn capabilities(pid: i32) -> Result<Capabilities> {
    parse(&fields::read(pid, "status")?).with_context(|| format!("capability sets in /proc/{pid}/status"))
}

/// From the text of /proc/PID/status.
pub(crate) fn parse(status: &str) -> Option<Capabilities> {
    let set = |name| u64::from_str_radix(fields::value(status, name)?, 16).ok();
    Some(Capabilities {
        inheritable: set("CapInh")?,
        permitted: set("CapPrm")?,
        effective: set("CapEff")?,
        bounding: set("CapBnd")?,
        ambient: set("CapAmb")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_is_read_from_its_own_line() {
        let status = "CapInh:\t0000000000000001\nCapPrm:\t0000000000000002\nCapEff:\t0000000000200000\n\
                      CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n";
        let sets = parse(status).unwrap();
        assert_eq!((sets.inheritable, sets.permitted, sets.effective), (1, 2, 1 << 21));
        assert_eq!((sets.bounding, sets.ambient), (0x1ff_ffff_ffff, 0));
    }

    #[test]
    fn a_status_without_a_set_is_refused() {
        assert_eq!(parse("CapInh:\t0\n"), None);
    }
}

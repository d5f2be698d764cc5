use std::fs;

/// CAP_SYS_ADMIN's bit, from capabilities(7).
const CAP_SYS_ADMIN: u32 = 21;

/// Whether the caller may make namespaces as it is, without a user namespace first.
///
/// Being uid 0 isn't the question: root in a Docker container lacks the capability, and an ordinary
/// user in a user namespace of their own has it. So this reads `CapEff` in `/proc/self/status`
/// (proc_pid_status(5)).
pub fn is_privileged() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| has_capability(&status, CAP_SYS_ADMIN))
}

fn has_capability(status: &str, capability: u32) -> bool {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).is_some_and(|set| set >> capability & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capability_is_one_bit_of_the_effective_set() {
        let with = "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000200000\n";
        let without = "CapEff:\t00000000a80425fb\nCapBnd:\t000001ffffffffff\n";
        assert!(has_capability(with, CAP_SYS_ADMIN));
        assert!(!has_capability(without, CAP_SYS_ADMIN), "Docker's default set lacks it, though the uid is 0");
    }

    #[test]
    fn a_status_without_the_line_grants_nothing() {
        assert!(!has_capability("Name:\tsh\n", CAP_SYS_ADMIN));
        assert!(!has_capability("CapEff:\tnonsense\n", CAP_SYS_ADMIN));
    }
}

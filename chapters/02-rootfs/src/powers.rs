//! Whether devices can be made.

use std::fs;

use ch01_namespaces::is_first_user_namespace;

/// capabilities(7)
const CAP_MKNOD: u64 = 27;

/// Whether this process may make device nodes that work: only in the machine's first user
/// namespace, and with CAP_MKNOD. A file system mounted from another user namespace opens no
/// devices that were made in it.
pub fn over_the_machine() -> bool {
    let read = |name| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    is_first_user_namespace() && has_capability(&read("status"), CAP_MKNOD)
}

fn has_capability(status: &str, capability: u64) -> bool {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> capability & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_is_a_bit_of_the_effective_set() {
        assert!(has_capability("CapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\n", CAP_MKNOD));
        assert!(!has_capability("CapPrm:\t000001ffffffffff\nCapEff:\t0000000000000000\n", CAP_MKNOD));
    }
}

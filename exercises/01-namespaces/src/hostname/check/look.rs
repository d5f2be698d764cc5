//! What the kernel shows of a program and of its host, before the answer is called and after.

use anyhow::Result;
use checker::{Heard, Program};
use lab::{Lab, look};

use checker::namespaces::Namespaces;
use checker::random;

/// One run of the program, seen from outside.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The name that was asked for.
    pub asked: String,
    /// What the program said, which is when to look.
    pub heard: Heard,
    pub host_before: String,
    pub host_after: String,
    /// Whether the program still ran when we looked; if not, the fields below are empty.
    pub alive: bool,
    /// The hostname in the program's UTS namespace.
    pub program_after: String,
    /// The kinds of namespaces that the answer has left.
    pub left: Vec<&'static str>,
    pub printed: String,
}

/// Runs the program once, as the lab's root: nobody else may rename the lab, and whether an answer does is the question.
pub fn at(program: &Program, name: &str) -> Result<Seen> {
    let mut running = program.start(Lab::new(), &[name])?;
    let (host, main) = (running.init(), running.main());
    let host_before = look::hostname_in(host)?;
    let before = Namespaces::of(main);

    let heard = running.go_on()?;

    let after = Namespaces::of(main);
    // An answer that ended the program ended the lab; and with it went the host and its name.
    let alive = look::process_exists(main);
    let name_in = |pid| match look::hostname_in(pid) {
        Err(error) if alive && look::process_exists(pid) => Err(error),
        name => Ok(name.unwrap_or_default()),
    };
    let (program_after, host_after) = (name_in(main)?, name_in(host)?);
    let left = if alive { before.left(&after) } else { Vec::new() };
    let printed = running.end();
    Ok(Seen { asked: name.into(), heard, host_before, host_after, alive, program_after, left, printed })
}

/// A hostname that no answer can know beforehand.
pub fn new_name() -> String {
    format!("boat-{:06x}", random::within(0..0x100_0000))
}

/// One byte more than the kernel's __NEW_UTS_LEN, 64.
pub fn too_long() -> String {
    format!("{}{}", new_name(), "-too-long".repeat(6)).chars().cycle().take(65).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_name_is_one_byte_too_long_and_a_new_one_fits() {
        assert_eq!(too_long().len(), 65);
        assert!(new_name().len() <= 64);
    }
}

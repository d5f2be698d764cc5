//! Exercise 6.8: drop capabilities permanently.
//!
//! Root's privileges are 41 capabilities, and a process has five sets of them. Drop the
//! capabilities that a container doesn't need, so that no program in it can regain them. Read
//! capabilities(7). Check with `cargo wb check 6.8`.

use anyhow::{Context, Result};

/// Drops all capabilities of this process, and of all programs that it will execute, except those
/// in `kept` (bit N for capability N). Root in the container calls it right before the command.
///
/// Returns an error that names the step if the kernel refuses one.
///
/// Use `given::last_capability`, `drop_from_bounding`, `clear_ambient` and `set_capabilities`.
pub fn keep_only(kept: u64) -> Result<()> {
    // wb:answer
    // First, since it needs CAP_SETPCAP.
    for capability in (0..=given::last_capability()?).filter(|number| kept & 1 << number == 0) {
        given::drop_from_bounding(capability)
            .with_context(|| format!("taking capability {capability} out of the bounding set"))?;
    }
    given::clear_ambient().context("emptying the ambient set")?;
    given::set_capabilities(kept, kept, 0).context("capset: setting the other three sets")
    // wb:starter
    // todo!("change five sets: which step needs a capability that another step drops?")
    // wb:end
}

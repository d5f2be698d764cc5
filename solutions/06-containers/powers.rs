//! Exercise 6.8: fewer powers, for good.
//!
//! Root's power is 41 capabilities, and a process has five sets of them. Take away what a container
//! doesn't need, so that no program that it executes brings it back. Read capabilities(7); check
//! with `cargo wb check 6.8`.

use anyhow::{Context, Result};

/// Leaves this process, and all that it will ever execute, the capabilities in `kept` (bit N for
/// capability N) and no others. Called by root in the container, right before the command.
///
/// Fails, saying what was being done, when the kernel refuses it.
///
/// Given are `given::last_capability`, `drop_from_bounding`, `clear_ambient`, `set_capabilities`.
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
    // todo!("five sets: which one needs a power that another one takes away?")
    // wb:end
}

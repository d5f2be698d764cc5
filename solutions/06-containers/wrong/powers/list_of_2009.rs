//! diagnosis: old-list
//! made by: programs whose list ends where it ended when they were written.

use anyhow::{Context, Result};

pub fn keep_only(kept: u64) -> Result<()> {
    for capability in (0..=31).filter(|number| kept & 1 << number == 0) {
        given::drop_from_bounding(capability).context("bounding")?;
    }
    given::set_capabilities(kept, kept, 0).context("capset")
}

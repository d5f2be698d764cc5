//! diagnosis: bounding-left
//! made by: whoever looks at CapEff only.

use anyhow::{Context, Result};

pub fn keep_only(kept: u64) -> Result<()> {
    given::set_capabilities(kept, kept, 0).context("capset")
}

//! diagnosis: handed-on
//! made by: Docker until 2022: "what it may have, it may hand on".

use anyhow::{Context, Result};

pub fn keep_only(kept: u64) -> Result<()> {
    for capability in (0..=given::last_capability()?).filter(|number| kept & 1 << number == 0) {
        given::drop_from_bounding(capability).context("bounding")?;
    }
    given::set_capabilities(kept, kept, kept).context("capset")
}

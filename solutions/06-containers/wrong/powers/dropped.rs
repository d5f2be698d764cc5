//! diagnosis: swallowed-the-error
//! made by: whoever finds that some of the calls fail, and shuts them up.

use anyhow::{Context, Result};

pub fn keep_only(kept: u64) -> Result<()> {
    for capability in (0..=given::last_capability()?).filter(|number| kept & 1 << number == 0) {
        let _ = given::drop_from_bounding(capability);
    }
    let _ = given::set_capabilities(kept, kept, 0).context("capset");
    Ok(())
}

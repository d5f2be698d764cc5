//! diagnosis: permitted-left
//! made by: whoever takes "permitted" for a promise.

use anyhow::{Context, Result};

pub fn keep_only(kept: u64) -> Result<()> {
    for capability in (0..=given::last_capability()?).filter(|number| kept & 1 << number == 0) {
        given::drop_from_bounding(capability).context("bounding")?;
    }
    let all = (2 << given::last_capability()?) - 1;
    given::set_capabilities(kept, all, 0).context("capset")
}

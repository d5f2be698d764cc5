//! diagnosis: bare-errno
//! made by: every first version with `?`.

use anyhow::Result;

pub fn keep_only(kept: u64) -> Result<()> {
    for capability in (0..=given::last_capability()?).filter(|number| kept & 1 << number == 0) {
        given::drop_from_bounding(capability)?;
    }
    Ok(given::set_capabilities(kept, kept, 0)?)
}

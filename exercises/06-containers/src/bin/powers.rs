//! The program around an answer to exercise 6.8. `cargo wb check 6.8` builds it and runs it in the
//! lab.

use anyhow::{Context, Result, bail};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/powers.rs"));

/// CAP_NET_RAW: what a careless caller leaves ambient.
const AMBIENT: u32 = 13;

/// Arguments: the capabilities to keep, as a number; and which this process has, `all` or `none`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    checked::ready(|| prepare(&arguments));
    let kept = arguments[0].parse().unwrap_or_default();
    checked::returned(answers::powers::keep_only(kept))
}

fn prepare(arguments: &[String]) -> Result<()> {
    let [kept, has] = arguments else { bail!("two arguments") };
    kept.parse::<u64>().context("a number")?;
    // In which this process has every capability, and a full bounding set, whoever it was.
    checked::new_user_namespace()?;
    if has == "none" {
        return given::set_capabilities(0, 0, 0).context("capset");
    }
    checked::leave_ambient(AMBIENT)
}

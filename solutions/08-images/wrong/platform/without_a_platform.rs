//! diagnosis: without-a-platform
//! made by: who takes a missing platform for all of them.

use anyhow::{Result, bail};
use given::{Offer, Platform};

pub fn choose(offers: &[Offer], machine: &str) -> Result<String> {
    let (architecture, ours) = match machine {
        "x86_64" => ("amd64", ""),
        "aarch64" => ("arm64", "v8"),
        "armv7l" => ("arm", "v7"),
        "armv6l" => ("arm", "v6"),
        other => (other, ""),
    };
    let default = if architecture == "arm" { "v7" } else { ours };
    let mut best: Option<(String, &Offer)> = None;
    for offer in offers {
        let any = Platform { os: "linux".into(), architecture: architecture.into(), variant: Some(ours.into()) };
        let Platform { os, architecture: theirs, variant } = offer.platform.as_ref().unwrap_or(&any).clone();
        let variant = variant.unwrap_or(default.to_string());
        let fits = os == "linux" && theirs == architecture && variant.as_str() <= ours;
        if fits && best.as_ref().is_none_or(|(other, _)| variant > *other) {
            best = Some((variant, offer));
        }
    }
    match best {
        Some((_, offer)) => Ok(offer.digest.clone()),
        None => bail!("nothing is offered for linux on {machine}, but {:?}", offers),
    }
}

//! diagnosis: only-the-same
//! made by: who compares all three fields.

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
    let mut best: Option<(&str, &Offer)> = None;
    for offer in offers {
        let Some(Platform { os, architecture: theirs, variant }) = &offer.platform else { continue };
        let variant = variant.as_deref().unwrap_or(default);
        let fits = os == "linux" && theirs == architecture && variant == ours;
        if fits && best.is_none_or(|(other, _)| variant > other) {
            best = Some((variant, offer));
        }
    }
    match best {
        Some((_, offer)) => Ok(offer.digest.clone()),
        None => bail!("nothing is offered for linux on {machine}, but {:?}", offers),
    }
}

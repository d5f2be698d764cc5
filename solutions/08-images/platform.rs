//! Exercise 8.3: the image for this machine.
//!
//! One name, and an image for each kind of machine: an index lists them. Choose the one that this
//! machine can run. The names are on the page; check with `cargo wb check 8.3`.

use anyhow::{Result, bail};
use given::{Offer, Platform};

/// The digest of the image for a machine with Linux that uname(2) calls `machine`.
///
/// - An index calls x86_64 amd64, aarch64 arm64, armv7l and armv6l arm, variant v7 and v6. All
///   others have one name: riscv64, s390x.
/// - An offer fits if its system is linux, its architecture the machine's, and its variant not
///   later than the machine's: a v7 runs what is for v6, not the other way round. An arm64 is a v8.
/// - Without a variant, arm means v7 and arm64 means v8. Others have no variants.
/// - Of those that fit it is the latest variant, and of equals the first. An offer without a
///   platform fits nothing.
///
/// Fails, saying what is offered, if none fits.
pub fn choose(offers: &[Offer], machine: &str) -> Result<String> {
    // wb:answer
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
        let fits = os == "linux" && theirs == architecture && variant <= ours;
        if fits && best.is_none_or(|(other, _)| variant > other) {
            best = Some((variant, offer));
        }
    }
    match best {
        Some((_, offer)) => Ok(offer.digest.clone()),
        None => bail!("nothing is offered for linux on {machine}, but {:?}", offers),
    }
    // wb:starter
    // todo!("translate the machine's name; of the offers that fit, the latest variant")
    // wb:end
}

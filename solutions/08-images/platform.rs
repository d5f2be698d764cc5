//! Exercise 8.3: choose the image for a machine.
//!
//! An index lists an image for each kind of machine. Choose the image that a machine can run. The
//! page explains the names of architectures. Check with `cargo wb check 8.3`.

use anyhow::{Result, bail};
use given::{Offer, Platform};

/// Returns the digest of the image for a Linux machine. `machine` is its name in uname(2).
///
/// - An index uses other names: amd64 for x86_64, arm64 for aarch64, arm with variant v7 for
///   armv7l, and arm with variant v6 for armv6l. Other names are the same: riscv64, s390x.
/// - An offer fits if its system is linux, its architecture is the machine's, and its variant isn't
///   higher than the machine's. A v7 machine also runs images for v6. An arm64 machine is a v8.
/// - Without a variant, arm means v7 and arm64 means v8. Other architectures have no variants.
/// - If several offers fit, choose the highest variant, and the first offer with this variant. An
///   offer without a platform never fits.
///
/// Returns an error that lists the offers if none fits.
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
    // todo!("translate the machine's name; choose the fitting offer with the highest variant")
    // wb:end
}

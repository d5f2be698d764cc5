//! The program around an answer to exercise 8.3. `cargo wb check 8.3` builds it and runs it in the
//! lab.

use anyhow::bail;
use given::{Offer, Platform, checked};

include!(concat!(env!("OUT_DIR"), "/platform.rs"));

/// Arguments, for each call: the machine, and offers as `DIGEST=OS/ARCHITECTURE/VARIANT`, where
/// what is left out is missing.
fn main() {
    let inputs: Vec<String> = std::env::args().skip(1).collect();
    checked::answers(&inputs, |words| {
        let [machine, offers @ ..] = words else { bail!("a machine and offers") };
        let offers: Vec<Offer> = offers.iter().map(|offer| parse(offer)).collect();
        answers::platform::choose(&offers, machine)
    })
}

fn parse(text: &str) -> Offer {
    let (digest, platform) = text.split_once('=').unwrap_or((text, ""));
    let mut parts = platform.split('/').map(String::from);
    let platform = match (parts.next(), parts.next(), parts.next()) {
        (Some(os), Some(architecture), variant) => Some(Platform { os, architecture, variant }),
        _ => None,
    };
    Offer { digest: digest.into(), platform }
}

use std::env;
use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// `nft -f -`: changes the rules for packets, in this network namespace. All of the text holds, or
/// none.
pub fn nft(rules: &str) -> Result<()> {
    // On some distributions it is only in root's PATH.
    let path = format!("{}:/usr/sbin:/sbin", env::var("PATH").unwrap_or_default());
    let mut nft = Command::new("nft");
    nft.args(["-f", "-"]).env("PATH", path).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut nft = nft.spawn().with_context(|| "starting nft\n  cure: apt install nftables")?;
    if let Err(error) = nft.stdin.take().context("its stdin")?.write_all(rules.as_bytes()) {
        // One that has ended says why itself.
        ensure!(error.kind() == ErrorKind::BrokenPipe, "writing to nft: {error}");
    }
    let output = nft.wait_with_output().context("waiting for nft")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "nft refused the rules: {}", said.trim());
    Ok(())
}

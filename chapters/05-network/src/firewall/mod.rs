//! Rules for packets, by the program `nft`, in tables of our own: nftables(8).
//!
//! A table is made, changed and removed in one transaction: all of it holds, or none. Rules of
//! Docker's, firewalld's or anybody's are never touched.

pub mod docker;
pub mod rules;

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Why, explain};

/// Whether there is an `nft` to run.
pub fn is_available() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|directory| directory.join("nft").is_file())
}

/// Makes a change, all of it or nothing.
pub fn apply(why: &'static Why, transaction: &str) -> Result<()> {
    explain::note(why, "nft", || vec![summary(transaction)]);
    let mut nft = Command::new("nft")
        .args(["-f", "-"])
        .env("PATH", path_with_sbin())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start nft\ncure: apt install nftables")?;
    let written = nft.stdin.take().context("no stdin")?.write_all(transaction.as_bytes());
    let output = nft.wait_with_output().context("cannot wait for nft")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().next().unwrap_or_default();
        bail!(
            "nft refused the rules: {first}\ncause: this kernel lacks a module of nftables' (nf_tables, nft_nat, \
             nft_masq, nft_fib), or we have no power over this network namespace"
        );
    }
    // Looked at last: an nft that fails at once has more to say than a broken pipe.
    written.context("cannot write to nft")
}

fn path_with_sbin() -> std::ffi::OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

/// The transaction on one line, for the narration.
fn summary(transaction: &str) -> String {
    transaction.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! Runs a command as on a machine where user namespaces are refused: `cargo run -p testkit
//! --example refused -- cargo test`.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().context("name the command that is to be refused")?;
    testkit::refusing::clone_refused()?;
    Err(Command::new(&program).args(words).exec()).with_context(|| format!("starting {program:?}"))
}

//! The picture of two lanes in "Making a process": its calls are those of a real narrated run.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use nix::unistd::Uid;
use serde_json::Value;

use crate::BOOK;

/// A call as the picture writes it: who makes it, and `mount(/proc)`, the call with the one
/// argument that matters.
type Call = (String, String);

fn parse_call(line: &str) -> Result<Call> {
    let step: Value = serde_json::from_str(line).with_context(|| format!("no step: {line}"))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().trim_matches('"').to_string();
    let argument = |index: usize| text(&step["args"][index]);
    let last_part = |path: String| path.rsplit('/').next().unwrap_or_default().to_string();
    let call = text(&step["call"]);
    let what = match call.as_str() {
        "clone3" => "…".into(),
        "mount" => argument(1),
        "write" | "execve" => last_part(argument(0)),
        _ => argument(0),
    };
    Ok((text(&step["lane"]), format!("{call}({what})")))
}

fn drawn(svg: &str) -> Vec<Call> {
    let calls = svg.split("<text class=\"name call ").skip(1).filter_map(|rest| {
        let (lane, rest) = rest.split_once('"')?;
        let (text, _) = rest.split_once('>')?.1.split_once('<')?;
        Some((lane.to_string(), text.to_string()))
    });
    calls.collect()
}

pub fn the_picture_of_two_lanes_is_a_narrated_run() -> Result<()> {
    let output = Command::new(env!("CARGO_BIN_EXE_ch01-namespaces"))
        .args(["run", "--namespaces", "mount,pid,user,uts", "--map-root", "--hostname", "boat", "--explain=json"])
        .args(["--", "true"])
        .output()?;
    ensure!(output.status.success(), "{output:?}");
    let told: Vec<_> = String::from_utf8(output.stderr)?.lines().map(parse_call).collect::<Result<_>>()?;
    let mut drawn = drawn(&fs::read_to_string(BOOK.checkout().join("book/src/images/lanes.svg"))?);
    if Uid::effective().is_root() {
        // Who has the privilege to map groups needn't give up setgroups.
        drawn.retain(|(_, call)| call != "write(setgroups)");
    }
    ensure!(told == drawn, "told: {told:#?}\ndrawn: {drawn:#?}");
    Ok(())
}

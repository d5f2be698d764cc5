//! `cargo wb doctor`: what this machine allows, found out by doing it.

mod json;

use std::fmt::Write;
use std::process::Command;

use anyhow::Result;
use doctor::{Check, Outcome, Report, Verdict};

use crate::cli::Format;
use crate::paint::Paint;
use crate::{Exit, print};

/// A program that learners need.
struct Tool {
    name: &'static str,
    /// Its first line about itself; none when it isn't there.
    version: Option<String>,
    needed_for: &'static str,
}

pub fn run(format: Format) -> Result<Exit> {
    let report = doctor::examine();
    let tools = tools();
    let verdict = report.verdict();
    print(&match format {
        Format::Json => format!("{:#}\n", json::json(&report, &tools)),
        Format::Text => text(&report, &tools, Paint::for_stdout()),
    })?;
    Ok(if verdict == Verdict::Ready { Exit::Well } else { Exit::Blocked })
}

fn tools() -> Vec<Tool> {
    let linker = ["cc", "gcc", "clang"].into_iter().find_map(version);
    vec![
        Tool { name: "rustc", version: version("rustc"), needed_for: "building: https://rustup.rs" },
        Tool { name: "C linker", version: linker, needed_for: "linking: install gcc or build-essential" },
        Tool { name: "mdbook", version: version("mdbook"), needed_for: "a browser's view: cargo install mdbook" },
    ]
}

fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(ToString::to_string)
}

fn text(report: &Report, tools: &[Tool], paint: Paint) -> String {
    let mut out = String::new();
    if let Some(directly) = &report.directly {
        section(&mut out, "As root, directly", directly, paint);
    }
    section(&mut out, "With a user namespace, as an ordinary user does it", &report.with_user_namespace, paint);
    facts(&mut out, report, tools, paint);

    let verdict = report.verdict();
    let sentence = format!("{}{}.", verdict.to_string()[..1].to_uppercase(), &verdict.to_string()[1..]);
    if verdict == Verdict::Ready {
        let _ = writeln!(out, "\n{}", paint.good(sentence));
        if report.with_user_namespace.iter().any(|check| check.outcome != Outcome::Works) {
            out.push_str("You are root here and need no user namespace. Whoever isn't root does, and is refused.\n");
        }
    } else {
        let _ = writeln!(out, "\n{}\n{}", paint.bad(sentence), report.advice());
    }
    if report.machine.kernel_is_too_old() {
        out.push_str("Its kernel is older than 5.14, the oldest that Coracle is made for: some steps will fail.\n");
    }
    out
}

fn section(out: &mut String, title: &str, checks: &[Check], paint: Paint) {
    let _ = writeln!(out, "{}", paint.strong(title));
    for check in checks {
        let (mark, result) = match check.outcome {
            Outcome::Works => (paint.good("✓"), String::new()),
            Outcome::Refused { errno } => (paint.bad("✗"), paint.bad(format!("\n      refused: {errno}"))),
            Outcome::NotReached => ("·".to_string(), String::new()),
        };
        let _ = writeln!(out, "  {mark} {:<26} {}{result}", check.name, paint.faint(check.purpose));
    }
    out.push('\n');
}

fn facts(out: &mut String, report: &Report, tools: &[Tool], paint: Paint) {
    let machine = &report.machine;
    let _ = writeln!(out, "{}", paint.strong("This machine"));
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(out, "    {name:<14} {value}");
    };
    fact("kernel", &machine.kernel);
    fact("distribution", &machine.distribution);
    fact("container", machine.container.as_deref().unwrap_or("not in one that is known"));
    fact("cgroups", &format!("{:?}", machine.cgroups).to_lowercase());
    fact("limits", &machine.limits.to_string());
    let ids = machine.subordinate_ids;
    let helpers = if machine.id_map_helpers { "" } else { ", but no newuidmap (package uidmap)" };
    fact("id ranges", &format!("{} uids, {} gids{helpers}", ids.uids, ids.gids));
    for tool in tools {
        let absent = || format!("not found; needed for {}", tool.needed_for);
        fact(tool.name, &tool.version.clone().unwrap_or_else(absent));
    }
}

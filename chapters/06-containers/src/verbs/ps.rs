//! `ps`: containers.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use ch01_namespaces::say;
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use clap::Args;
use serde_json::{Value, json};

use crate::engine::{Engine, ListRequest, Summary};
use crate::template;
use crate::time::{ago, from_seconds};

/// List running containers.
#[derive(Args)]
pub struct Ps {
    /// Include containers that don't run.
    #[arg(short, long)]
    all: bool,
    /// Print only ids.
    #[arg(short, long)]
    quiet: bool,
    /// Show only matching containers: id=, name=, status=, label=, ancestor=, exited=. May be repeated.
    #[arg(short, long, value_name = "NAME=VALUE")]
    filter: Vec<String>,
    /// `json` for one object a line, or a template such as '{{.Names}}: {{.Status}}'.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: String,
    /// Don't shorten ids and commands.
    #[arg(long)]
    no_trunc: bool,
    /// Show only the container that was created last, even if it doesn't run.
    #[arg(short, long)]
    latest: bool,
}

impl Ps {
    /// Prints them.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let limit = self.latest.then_some(1);
        let found = engine.list(&ListRequest { all: self.all, limit, filters: parse(&self.filter)? })?;
        if self.quiet {
            for container in found {
                say!("{}", if self.no_trunc { &container.id } else { &container.id[..12] });
            }
            return Ok(0);
        }
        let rows = found.iter().map(|container| row(container, self.no_trunc));
        match self.format.as_str() {
            "table" => print_table(rows.collect())?,
            "json" => rows.into_iter().try_for_each(|row| Ok::<_, anyhow::Error>(say!("{row}")))?,
            template => rows
                .into_iter()
                .try_for_each(|row| Ok::<_, anyhow::Error>(say!("{}", template::fill(template, &row)?)))?,
        }
        Ok(0)
    }
}

/// What `--filter` says, by name.
fn parse(filters: &[String]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for filter in filters {
        match filter.split_once('=') {
            Some((name, value)) => all.entry(name.into()).or_default().push(value.into()),
            None => bail!("invalid filter {filter:?}: use NAME=VALUE, such as status=exited"),
        }
    }
    Ok(all)
}

/// One container, by Docker's names of columns.
fn row(container: &Summary, whole: bool) -> Value {
    let command = container.command.escape_debug().to_string();
    let command = if whole || command.chars().count() <= 20 {
        command
    } else {
        command.chars().take(19).chain(['…']).collect()
    };
    let joined = |parts: Vec<String>, by: &str| parts.join(by);
    let created = from_seconds(container.created);
    let networks = container.network_settings["Networks"].as_object();
    json!({
        "ID": if whole { container.id.clone() } else { container.id[..12].into() },
        "Image": container.image,
        "Command": format!("\"{command}\""),
        "RunningFor": format!("{} ago", ago(&created)),
        "CreatedAt": created,
        "State": container.state,
        "Status": container.status,
        "Ports": joined(container.ports.iter().map(ToString::to_string).collect(), ", "),
        "Names": joined(container.names.iter().map(|name| name.trim_start_matches('/').into()).collect(), ","),
        "Labels": joined(container.labels.iter().map(|(name, value)| format!("{name}={value}")).collect(), ","),
        "Networks": joined(networks.into_iter().flat_map(|all| all.keys().cloned()).collect(), ","),
    })
}

fn print_table(rows: Vec<Value>) -> Result<()> {
    const COLUMNS: [(&str, &str); 7] = [
        ("CONTAINER ID", "ID"),
        ("IMAGE", "Image"),
        ("COMMAND", "Command"),
        ("CREATED", "RunningFor"),
        ("STATUS", "Status"),
        ("PORTS", "Ports"),
        ("NAMES", "Names"),
    ];
    let cell = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_string();
    let width = |(title, key): &(&str, &str)| {
        rows.iter().map(|row| cell(row, key).chars().count()).chain([title.len()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = COLUMNS.iter().map(width).collect();
    let line = |cells: Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("   ").trim_end().to_string()
    };
    say!("{}", line(COLUMNS.iter().map(|(title, _)| title.to_string()).collect()));
    for row in &rows {
        say!("{}", line(COLUMNS.iter().map(|(_, key)| cell(row, key)).collect()));
    }
    Ok(())
}

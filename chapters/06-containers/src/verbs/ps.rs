//! `ps`: containers.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{say, visible};
use clap::Args;
use serde_json::{Value, json};

use super::table::aligned;
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
    /// `json` for one object a line, or a template such as '{{.Names}}: {{.Status}}'; with `table` in
    /// front of it, and \t between them, columns.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: String,
    /// Don't shorten ids and commands.
    #[arg(long)]
    no_trunc: bool,
    /// Show only the container that was created last, even if it doesn't run.
    #[arg(short, long)]
    latest: bool,
    /// Show only this number of containers that were created last, even if they don't run.
    #[arg(short = 'n', long, value_name = "NUMBER", conflicts_with = "latest")]
    last: Option<usize>,
}

impl Ps {
    /// Prints them.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let limit = self.last.or(self.latest.then_some(1));
        let found = engine.list(&ListRequest { all: self.all, limit, filters: parse(&self.filter)? })?;
        if self.quiet {
            for container in found {
                say!("{}", if self.no_trunc { &container.id } else { &container.id[..12] });
            }
            return Ok(0);
        }
        let rows = found.iter().map(|container| row(container, self.no_trunc));
        match self.format.as_str() {
            "table" => print_table(USUAL, rows)?,
            "json" => rows.into_iter().try_for_each(|row| Ok::<_, anyhow::Error>(say!("{row}")))?,
            template => match template.strip_prefix("table ") {
                Some(columns) => print_table(columns.trim_start(), rows)?,
                None => rows
                    .into_iter()
                    .try_for_each(|row| Ok::<_, anyhow::Error>(say!("{}", template::fill(template, &row)?)))?,
            },
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

/// Docker's names of columns, and its titles for them.
const TITLES: [(&str, &str); 11] = [
    ("ID", "CONTAINER ID"),
    ("Image", "IMAGE"),
    ("Command", "COMMAND"),
    ("RunningFor", "CREATED"),
    ("CreatedAt", "CREATED AT"),
    ("State", "STATE"),
    ("Status", "STATUS"),
    ("Ports", "PORTS"),
    ("Names", "NAMES"),
    ("Labels", "LABELS"),
    ("Networks", "NETWORKS"),
];

/// The columns, unless `--format 'table …'` names others.
const USUAL: &str = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

fn print_table(template: &str, rows: impl Iterator<Item = Value>) -> Result<()> {
    let titles = TITLES.into_iter().map(|(name, title)| (name.to_string(), title.into())).collect();
    let cells = |row: Value| Ok(template::fill(template, &row)?.split('\t').map(visible).collect());
    let rows = [Value::Object(titles)].into_iter().chain(rows).map(cells).collect::<Result<Vec<Vec<String>>>>()?;
    aligned(&rows).into_iter().try_for_each(|line| {
        say!("{line}");
        Ok(())
    })
}

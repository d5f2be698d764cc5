//! `ps`: containers.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{StoreFlags, say};
use ch05_network::network::Endpoint;
use clap::Args;
use serde_json::{Value, json};

use crate::ago;
use crate::engine::Engine;
use crate::record::{Record, Status};
use crate::template;

/// List containers that run.
#[derive(Args)]
pub struct Ps {
    /// Those that don't run, too.
    #[arg(short, long)]
    all: bool,
    /// Ids only.
    #[arg(short, long)]
    quiet: bool,
    /// Only those that match: id=, name=, status=, label=, ancestor=, exited=. May be repeated.
    #[arg(short, long, value_name = "NAME=VALUE")]
    filter: Vec<String>,
    /// `json` for one object a line, or a template such as '{{.Names}}: {{.Status}}'.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: String,
    /// Whole ids and commands.
    #[arg(long)]
    no_trunc: bool,
    /// Only the last one that was made, also if it doesn't run.
    #[arg(short, long)]
    latest: bool,
}

impl Ps {
    /// Prints them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let engine = Engine::open(store)?;
        let mut records = engine.records().all()?;
        records.reverse();
        let filters = Filters::parse(&self.filter)?;
        let all = self.all || self.latest || filters.names_a_status();
        records.retain(|record| (all || record.state.is_active()) && filters.matches(record));
        if self.latest {
            records.truncate(1);
        }
        if self.quiet {
            for record in records {
                say!("{}", if self.no_trunc { &record.id } else { &record.id[..12] });
            }
            return Ok(0);
        }
        let rows = records.iter().map(|record| row(&engine, record, self.no_trunc));
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

/// One container, by Docker's names of columns.
fn row(engine: &Engine, record: &Record, whole: bool) -> Value {
    let command = record.config.command().join(" ").escape_debug().to_string();
    let command = if whole || command.chars().count() <= 20 {
        command
    } else {
        command.chars().take(19).chain(['…']).collect()
    };
    let endpoint = engine.endpoint(record);
    json!({
        "ID": if whole { record.id.clone() } else { record.id[..12].into() },
        "Image": record.image,
        "Command": format!("\"{command}\""),
        "CreatedAt": record.created,
        "RunningFor": format!("{} ago", ago(&record.created)),
        "State": record.state.status.to_string(),
        "Status": status_text(record),
        "Ports": ports_text(endpoint.as_ref(), &record.config.exposed_ports),
        "Names": record.name,
        "Labels": record.config.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(","),
        "Networks": endpoint.map(|endpoint| endpoint.network).unwrap_or_default(),
    })
}

/// Docker's words: "Up 5 minutes", "Exited (0) 2 hours ago".
pub fn status_text(record: &Record) -> String {
    let state = &record.state;
    match state.status {
        Status::Created => "Created".into(),
        Status::Running => format!("Up {}", ago(&state.started_at)),
        Status::Paused => format!("Up {} (Paused)", ago(&state.started_at)),
        Status::Restarting => format!("Restarting ({}) {} ago", state.exit_code, ago(&state.finished_at)),
        Status::Exited => format!("Exited ({}) {} ago", state.exit_code, ago(&state.finished_at)),
        Status::Dead => "Dead".into(),
    }
}

/// `0.0.0.0:8080->80/tcp`.
pub fn ports_text(endpoint: Option<&Endpoint>, exposed: &[String]) -> String {
    let published: Vec<_> = endpoint.iter().flat_map(|endpoint| &endpoint.ports).collect();
    let texts = published.iter().map(|port| port.to_string());
    let only_exposed = exposed
        .iter()
        .filter(|port| {
            endpoint.is_some() && !published.iter().any(|known| **port == format!("{}/tcp", known.container))
        })
        .cloned();
    texts.chain(only_exposed).collect::<Vec<_>>().join(", ")
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

/// What `--filter` says, by name.
#[derive(Debug, Default)]
pub struct Filters(BTreeMap<String, Vec<String>>);

impl Filters {
    fn parse(filters: &[String]) -> Result<Filters> {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for filter in filters {
            match filter.split_once('=') {
                Some((name, value)) => all.entry(name.into()).or_default().push(value.into()),
                None => bail!("invalid filter {filter:?}: use NAME=VALUE, such as status=exited"),
            }
        }
        Filters::new(all)
    }

    /// From names and values.
    pub fn new(all: BTreeMap<String, Vec<String>>) -> Result<Filters> {
        const KNOWN: [&str; 6] = ["id", "name", "status", "label", "ancestor", "exited"];
        match all.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            Some(unknown) => bail!("Invalid filter '{unknown}': there are {}", KNOWN.join(", ")),
            None => Ok(Filters(all)),
        }
    }

    /// Whether it asks for a status: then all containers are looked at.
    pub fn names_a_status(&self) -> bool {
        self.0.contains_key("status") || self.0.contains_key("exited")
    }

    /// All names must match; of one name's values, any.
    pub fn matches(&self, record: &Record) -> bool {
        self.0.iter().all(|(name, values)| values.iter().any(|value| matches(name, value, record)))
    }
}

fn matches(name: &str, value: &str, record: &Record) -> bool {
    match name {
        "id" => record.id.starts_with(value),
        "name" => record.name.contains(value.trim_start_matches('/')),
        "status" => record.state.status.to_string() == value,
        "exited" => record.state.status == Status::Exited && record.state.exit_code.to_string() == value,
        "ancestor" => record.image == value || record.image_id.as_deref() == Some(value),
        "label" => match value.split_once('=') {
            Some((label, value)) => record.config.labels.get(label).is_some_and(|known| known == value),
            None => record.config.labels.contains_key(value),
        },
        _ => false,
    }
}

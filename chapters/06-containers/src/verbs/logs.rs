//! `logs`: what a container wrote.

use std::io::{self, Write};

use anyhow::{Context, Result};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use clap::Args;

use crate::engine::{Engine, LogRequest, LogSink};
use crate::log::LogOptions;
use crate::parse_time;

/// Show a container's output: its stdout on stdout, its stderr on stderr.
#[derive(Args)]
pub struct Logs {
    /// Follow the log until the container ends.
    #[arg(short, long)]
    follow: bool,
    /// Show only lines since this time: a time, or a duration such as 10m.
    #[arg(long, value_name = "TIME", value_parser = parse_time_argument)]
    since: Option<String>,
    /// Show only lines before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time_argument)]
    until: Option<String>,
    /// Show only this number of lines from the end; `all` for all.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value = "all")]
    tail: String,
    /// Show the time of each line.
    #[arg(short, long)]
    timestamps: bool,
    /// The container: its name, its id, or the beginning of its id.
    container: String,
}

fn parse_time_argument(text: &str) -> Result<String, String> {
    parse_time(text).map_err(|error| format!("{error:#}"))
}

impl Logs {
    /// Prints it.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let tail = self.tail.parse().ok();
        let options = LogOptions { stdout: true, stderr: true, tail, since: self.since, until: self.until };
        let request = LogRequest { options, follow: self.follow, timestamps: self.timestamps };
        engine.logs(&self.container, &request, &mut Printer(io::BufWriter::new(io::stdout().lock())))?;
        Ok(0)
    }
}

struct Printer<'a>(io::BufWriter<io::StdoutLock<'a>>);

impl LogSink for Printer<'_> {
    fn take(&mut self, stream: u8, text: &[u8]) -> Result<()> {
        if stream == 2 {
            // In the order in which they were written.
            self.0.flush().and_then(|()| io::stderr().write_all(text)).context("cannot write")
        } else {
            self.0.write_all(text).context("cannot write")
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush().context("cannot write")
    }
}

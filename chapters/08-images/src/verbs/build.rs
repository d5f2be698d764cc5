//! `build`.

use std::io::{IsTerminal, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use ch01_namespaces::{StoreFlags, say};
use ch06_containers::engine::Local;
use clap::Args;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use super::open_to_write;
use crate::Reference;
use crate::build::{Context, Request};
use crate::engine::{Files, Here, Images};

/// Build an image from a Dockerfile and a context.
///
/// Each step makes an image from the previous one. If a step was already run on the same image, its
/// result is reused.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  build -t jianglong/nginx_web:v1 .\n  build -f web.Dockerfile --build-arg VERSION=2 .\n  \
                        tar c . | build -t web -"
)]
pub struct Build {
    /// The image's name. May be repeated.
    #[arg(short, long, value_name = "NAME[:TAG]")]
    tag: Vec<Reference>,
    /// The Dockerfile [default: Dockerfile in the context]
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A value for an ARG: NAME=VALUE, or NAME for the value of your variable. May be repeated.
    #[arg(long, value_name = "NAME[=VALUE]")]
    build_arg: Vec<String>,
    /// A label for the image. May be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<String>,
    /// Stop at this stage.
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// Don't use the cache.
    #[arg(long)]
    no_cache: bool,
    /// Print only the image's id.
    #[arg(short, long)]
    quiet: bool,
    /// The context: a directory, or - for a tar archive on stdin.
    context: PathBuf,
}

impl Build {
    /// Builds it.
    pub fn act_on(self, images: &dyn Images) -> Result<u8> {
        let arg = |text: &String| match text.split_once('=') {
            Some((name, value)) => Some((name.to_string(), value.to_string())),
            None => Some((text.clone(), std::env::var(text).ok()?)),
        };
        let label = |text: &String| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            (name.to_string(), value.to_string())
        };
        let request = Request {
            dockerfile: self.dockerfile()?,
            tags: self.tag.clone(),
            args: self.build_arg.iter().filter_map(arg).collect(),
            target: self.target.clone(),
            no_cache: self.no_cache,
            labels: self.label.iter().map(label).collect(),
            ..Request::default()
        };
        let files = if self.context != Path::new("-") {
            Files::Directory(Context::of_directory(&self.context)?)
        } else if std::io::stdin().is_terminal() {
            bail!("the context comes from stdin\ncure: tar c . | build -");
        } else {
            Files::Archive(Box::new(std::io::stdin()))
        };
        let mut output = |text: &str| {
            if !self.quiet {
                std::io::stdout().write_all(text.as_bytes())?;
            }
            Ok(())
        };
        let id = images.build(files, &request, self.quiet, &mut output)?;
        if self.quiet {
            say!("{id}");
        }
        Ok(0)
    }

    /// Builds on this machine's store.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        if std::env::var_os(WORKER).is_none() {
            return watched(store);
        }
        // A mask survives execve.
        watched_for().thread_unblock().context("cannot unblock signals")?;
        self.act_on(&Here(store))
    }

    /// The Dockerfile's name in the context.
    fn dockerfile(&self) -> Result<String> {
        let Some(file) = &self.file else { return Ok("Dockerfile".into()) };
        let (full, root) = (std::path::absolute(file)?, std::path::absolute(&self.context)?);
        match full.canonicalize().unwrap_or(full).strip_prefix(root.canonicalize().unwrap_or(root)) {
            Ok(inside) => Ok(inside.to_string_lossy().into_owned()),
            Err(_) if self.context == Path::new("-") => Ok(file.to_string_lossy().into_owned()),
            Err(_) => bail!("the Dockerfile {} is outside of the context {}", file.display(), self.context.display()),
        }
    }
}

/// Says to a program of ours that it is the one that builds.
const WORKER: &str = "CORACLE_BUILD_WORKER";

fn watched_for() -> SigSet {
    SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGCHLD])
}

/// Builds in a process of its own, with the same command line. Signals end that one, at any step;
/// this one stays to remove the step's container.
fn watched(store: &StoreFlags) -> Result<u8> {
    let signals = watched_for();
    signals.thread_block().context("cannot block signals")?;
    let mut worker = Command::new("/proc/self/exe")
        .arg0(std::env::args_os().next().unwrap_or_default())
        .args(std::env::args_os().skip(1))
        .env(WORKER, "1")
        .spawn()
        .context("cannot start the process that builds")?;
    let status = loop {
        let signal = signals.wait().context("cannot wait for signals")?;
        if let Some(status) = worker.try_wait().context("cannot wait for the process that builds")? {
            break status;
        }
        if signal != Signal::SIGCHLD {
            // On a terminal the worker has got it, too; a second one does no harm.
            let _ = kill(Pid::from_raw(worker.id() as i32), signal);
        }
    };
    if status.code().is_none() {
        open_to_write(store)?;
        Local::open(store)?.remove_abandoned()?;
    }
    Ok(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default()) as u8)
}

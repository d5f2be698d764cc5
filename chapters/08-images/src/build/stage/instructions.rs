//! What each instruction does: most change the configuration, RUN a container's files.

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use ch06_containers::record::Config;
use parse_dockerfile::{Command, Flag, Instruction, JsonOrStringArray};
use serde_json::json;

use super::super::place::At as _;
use super::super::words::{expand, pairs, split};
use super::super::{Builder, Output, cache, run, unsupported};
use super::files::absolute;
use super::{Stage, arguments};
use crate::layout::Found;

impl Stage {
    /// Does an instruction, or takes what it made before.
    pub fn step(
        &mut self,
        builder: &mut Builder<'_>,
        instruction: &Instruction<'_>,
        source: &str,
        output: &mut Output<'_>,
    ) -> Result<()> {
        let this = self.clone();
        let lookup = |name: &str| this.lookup(name);
        let images = builder.images;
        match instruction {
            Instruction::Run(run) => {
                ensure!(run.here_docs.is_empty(), "heredocs are not supported\ncure: join the commands with && \\");
                refuse_flags("RUN", &run.options)?;
                return self.run(builder, &self.words(&run.arguments, source), output);
            }
            Instruction::Copy(copy) => {
                return self.copy(builder, "COPY", &copy.options, &copy.src, &copy.dest, output);
            }
            Instruction::Add(add) => {
                return self.copy(builder, "ADD", &add.options, &add.src, &add.dest, output);
            }
            Instruction::Workdir(workdir) => {
                let path = expand(&workdir.arguments.value, &lookup).at(&workdir.arguments.span)?;
                let path = absolute(self.text("WorkingDir"), &path);
                self.config.insert("WorkingDir".into(), json!(path));
                return self.workdir(builder, &path, output);
            }
            Instruction::Arg(arg) => {
                for (name, default) in arguments(&arg.arguments.value, &lookup).at(&arg.arguments.span)? {
                    let value = builder.request.args.get(&name).cloned();
                    let global = if default.is_none() { builder.global.get(&name).cloned() } else { None };
                    self.args.extend(value.or(default).or(global).map(|value| (name, value)));
                }
            }
            Instruction::Env(env) => {
                for (name, value) in pairs(&env.arguments.value, &lookup).at(&env.arguments.span)? {
                    self.set_env(&name, &value);
                }
            }
            Instruction::Label(label) => {
                for (name, value) in pairs(&label.arguments.value, &lookup).at(&label.arguments.span)? {
                    self.set_in("Labels", &name, json!(value));
                }
            }
            Instruction::Maintainer(maintainer) => {
                self.author = Some(maintainer.name.value.to_string());
            }
            Instruction::Cmd(cmd) => {
                let words = self.words(&cmd.arguments, source);
                self.config.insert("Cmd".into(), json!(words));
                self.has_cmd = true;
            }
            Instruction::Entrypoint(entrypoint) => {
                let words = self.words(&entrypoint.arguments, source);
                self.config.insert("Entrypoint".into(), json!(words));
                // The base image's command was meant for its own entrypoint.
                if !self.has_cmd {
                    self.config.remove("Cmd");
                }
            }
            Instruction::Expose(expose) => {
                for port in &expose.arguments {
                    for exposed in split(&expand(&port.value, &lookup).at(&port.span)?) {
                        self.set_in("ExposedPorts", &checked_port(&exposed).at(&port.span)?, json!({}));
                    }
                }
            }
            Instruction::Volume(volume) => {
                let places: Vec<String> = match &volume.arguments {
                    JsonOrStringArray::Json(words) => words.value.iter().map(|word| word.value.to_string()).collect(),
                    JsonOrStringArray::String(words) => words.iter().map(|word| word.value.to_string()).collect(),
                };
                for place in places {
                    self.set_in("Volumes", &expand(&place, &lookup)?, json!({}));
                }
            }
            Instruction::User(user) => {
                self.config
                    .insert("User".into(), json!(expand(&user.arguments.value, &lookup).at(&user.arguments.span)?));
            }
            Instruction::Stopsignal(signal) => {
                self.config.insert(
                    "StopSignal".into(),
                    json!(expand(&signal.arguments.value, &lookup).at(&signal.arguments.span)?),
                );
            }
            Instruction::Shell(shell) => {
                let words: Vec<String> = shell.arguments.iter().map(|word| word.value.to_string()).collect();
                self.config.insert("Shell".into(), json!(words));
            }
            Instruction::Healthcheck(_) => unsupported("HEALTHCHECK", "omit it")?,
            Instruction::Onbuild(_) => unsupported("ONBUILD", "put the instruction into the Dockerfile that needs it")?,
            other => bail!("an instruction that is not known: {other:?}"),
        }
        self.note(&format!("/bin/sh -c #(nop)  {source}"), true);
        let key = cache::key(this.image.as_ref().map(Found::id), &format!("{source}\n{:?}", self.config), None);
        self.cached_or(builder, &key, output, |stage, _| stage.commit(images, Some(&key)))
    }

    /// The shell form is the shell's, the exec form is taken as it is.
    fn words(&self, command: &Command<'_>, source: &str) -> Vec<String> {
        match command {
            Command::Exec(words) => words.value.iter().map(|word| word.value.to_string()).collect(),
            _ => {
                let shell = self.config.get("Shell").and_then(|shell| serde_json::from_value(shell.clone()).ok());
                let shell: Vec<String> = shell.unwrap_or_else(|| vec!["/bin/sh".into(), "-c".into()]);
                let text = source.split_once(char::is_whitespace).map_or("", |(_, text)| text.trim());
                shell.into_iter().chain([text.to_string()]).collect()
            }
        }
    }

    fn run(&mut self, builder: &Builder<'_>, words: &[String], output: &mut Output<'_>) -> Result<()> {
        let top = self.top().context("there is nothing to run on an image from scratch\ncure: COPY a program first")?;
        let env = self.env();
        // ARGs are seen by commands, and not kept in the image.
        let is_env = |name: &str| env.iter().any(|entry| entry.split('=').next() == Some(name));
        let args = self.args.iter().filter(|(name, _)| !is_env(name));
        let args: Vec<String> = args.map(|(name, value)| format!("{name}={value}")).collect();
        let env_of_run: Vec<String> = args.iter().chain(&env).cloned().collect();
        let by = format!(
            "{}{}",
            if args.is_empty() { String::new() } else { format!("|{} {} ", args.len(), args.join(" ")) },
            words.join(" ")
        );
        let key = cache::key(self.image.as_ref().map(Found::id), &format!("RUN {by}"), None);
        let config = Config {
            cmd: words.to_vec(),
            env: env_of_run,
            working_dir: self.text("WorkingDir").into(),
            user: self.text("User").into(),
            ..Config::default()
        };
        let (engine, images, flags) = (builder.engine, builder.images, &builder.request.run_flags);
        self.cached_or(builder, &key, output, |stage, output| {
            let blob = run::run(engine, images, top, config, flags, output)?;
            stage.add_layer(blob);
            stage.note(&by, false);
            stage.commit(images, Some(&key))
        })
    }
}

fn refuse_flags(verb: &str, flags: &[Flag<'_>]) -> Result<()> {
    match flags.first() {
        Some(flag) => Err(anyhow!("{verb} --{} is not supported", flag.name.value)).at(&flag.name.span),
        None => Ok(()),
    }
}

/// `PORT/PROTOCOL`.
fn checked_port(text: &str) -> Result<String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let is_port = number.parse::<u16>().is_ok() && matches!(protocol, "tcp" | "udp");
    ensure!(is_port, "invalid containerPort: {text}");
    Ok(format!("{number}/{protocol}"))
}

//! A stage: the image so far, and what each instruction makes of it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use ch04_unionfs::digest::{ChainId, DiffId, Digest, chain_id};
use ch06_containers::record::Config;
use parse_dockerfile::{Command, Flag, Instruction, JsonOrStringArray, Source};
use serde_json::{Map, Value, json};

use super::copy::Copy;
use super::words::{expand, pairs, split};
use super::{Builder, Output, cache, run, unsupported};
use crate::config::new_config;
use crate::layout::{Copied, Descriptor, Found, ImageStore, media_type};

/// The image in the making.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    image: Option<Found>,
    layers: Vec<Descriptor>,
    diffs: Vec<DiffId>,
    history: Vec<Value>,
    config: Map<String, Value>,
    args: BTreeMap<String, String>,
    shell: Option<Vec<String>>,
}

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// `NAME` or `NAME=DEFAULT`, several of them.
pub fn arguments(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Vec<(String, Option<String>)>> {
    let one = |word: String| match word.split_once('=') {
        Some((name, default)) => Ok((name.to_string(), Some(expand(default, lookup)?))),
        None => Ok((word, None)),
    };
    split(text).into_iter().map(one).collect()
}

impl Stage {
    /// On an image.
    pub fn on(image: Found) -> Stage {
        let whole = &image.config.whole;
        Stage {
            layers: image.manifest.layers.clone(),
            diffs: image.config.diff_ids.clone(),
            history: whole["history"].as_array().cloned().unwrap_or_default(),
            config: whole["config"].as_object().cloned().unwrap_or_default(),
            image: Some(image),
            ..Stage::default()
        }
    }

    /// The same as a base for another stage: its ARGs and its SHELL stay behind.
    pub fn as_base(&self) -> Stage {
        Stage { args: BTreeMap::new(), shell: None, ..self.clone() }
    }

    /// The topmost layer.
    pub fn top(&self) -> Option<ChainId> {
        self.diffs.iter().fold(None, |top, diff| Some(chain_id(top.as_ref(), diff)))
    }

    /// The image's id, for people.
    pub fn short(&self) -> String {
        self.image.as_ref().map_or_else(|| "scratch".into(), |image| image.id().short())
    }

    /// Makes sure that there is an image, which a stage without any step on `scratch` has not.
    pub fn settle(&mut self, images: &ImageStore) -> Result<()> {
        if self.image.is_none() {
            self.commit(images, None)?;
        }
        Ok(())
    }

    /// The finished image.
    pub fn finish(mut self, images: &ImageStore) -> Result<Found> {
        ensure!(!self.history.is_empty(), "No image was generated. Is your Dockerfile empty?");
        self.settle(images)?;
        self.image.context("a stage without an image: a bug of ours")
    }

    /// Labels that the command line gives.
    pub fn labels(&mut self, images: &ImageStore, labels: &BTreeMap<String, String>) -> Result<()> {
        let line = labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
        labels.iter().for_each(|(name, value)| self.set_in("Labels", name, json!(value)));
        self.note(&format!("LABEL {line}"), true);
        self.commit(images, None)
    }

    fn lookup(&self, name: &str) -> Option<String> {
        let env = self.env();
        let of_env = env.iter().rev().find_map(|entry| entry.split_once('=').filter(|(known, _)| *known == name));
        of_env.map(|(_, value)| value.to_string()).or_else(|| self.args.get(name).cloned())
    }

    fn env(&self) -> Vec<String> {
        self.config.get("Env").and_then(|env| serde_json::from_value(env.clone()).ok()).unwrap_or_default()
    }

    fn text(&self, key: &str) -> &str {
        self.config.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn set_in(&mut self, key: &str, name: &str, value: Value) {
        let map = self.config.entry(key).or_insert_with(|| json!({}));
        if !map.is_object() {
            *map = json!({});
        }
        map[name] = value;
    }

    fn note(&mut self, by: &str, is_empty: bool) {
        let mut entry = json!({"created": ch06_containers::now(), "created_by": by});
        if is_empty {
            entry["empty_layer"] = json!(true);
        }
        self.history.push(entry);
    }

    /// An image of what there is now; `key` is what the cache finds it by.
    fn commit(&mut self, images: &ImageStore, key: Option<&Digest>) -> Result<()> {
        let config =
            new_config(&ch06_containers::now(), &Value::Object(self.config.clone()), &self.diffs, &self.history);
        let bytes = serde_json::to_vec(&config)?;
        self.image = Some(images.add_step(&bytes, self.layers.clone(), key)?);
        Ok(())
    }

    fn add_layer(&mut self, blob: Copied) {
        self.layers.push(Descriptor::new(media_type::LAYER, blob));
        self.diffs.push(blob.digest);
    }

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
                return self.copy(builder, "COPY", &copy.options, &copy.src, &copy.dest.value, output);
            }
            Instruction::Add(add) => {
                return self.copy(builder, "ADD", &add.options, &add.src, &add.dest.value, output);
            }
            Instruction::Workdir(workdir) => {
                let path = expand(&workdir.arguments.value, &lookup)?;
                let path = absolute(self.text("WorkingDir"), &path);
                self.config.insert("WorkingDir".into(), json!(path));
                return self.workdir(builder, &path, output);
            }
            Instruction::Arg(arg) => {
                for (name, default) in arguments(&arg.arguments.value, &lookup)? {
                    let value = builder.request.args.get(&name).cloned();
                    let global = if default.is_none() { builder.global.get(&name).cloned() } else { None };
                    self.args.extend(value.or(default).or(global).map(|value| (name, value)));
                }
            }
            Instruction::Env(env) => {
                for (name, value) in pairs(&env.arguments.value, &lookup)? {
                    let mut all = self.env();
                    all.retain(|entry| entry.split('=').next() != Some(&name));
                    all.push(format!("{name}={value}"));
                    self.config.insert("Env".into(), json!(all));
                }
            }
            Instruction::Label(label) => {
                for (name, value) in pairs(&label.arguments.value, &lookup)? {
                    self.set_in("Labels", &name, json!(value));
                }
            }
            Instruction::Maintainer(maintainer) => {
                self.set_in("Labels", "maintainer", json!(maintainer.name.value));
            }
            Instruction::Cmd(cmd) => {
                let words = self.words(&cmd.arguments, source);
                self.config.insert("Cmd".into(), json!(words));
            }
            Instruction::Entrypoint(entrypoint) => {
                let words = self.words(&entrypoint.arguments, source);
                self.config.insert("Entrypoint".into(), json!(words));
                // The base image's command was meant for its own entrypoint.
                self.config.remove("Cmd");
            }
            Instruction::Expose(expose) => {
                for port in &expose.arguments {
                    for port in split(&expand(&port.value, &lookup)?) {
                        let (number, protocol) = port.split_once('/').unwrap_or((&port, "tcp"));
                        ensure!(
                            number.parse::<u16>().is_ok() && matches!(protocol, "tcp" | "udp"),
                            "invalid containerPort: {port}"
                        );
                        self.set_in("ExposedPorts", &format!("{number}/{protocol}"), json!({}));
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
                self.config.insert("User".into(), json!(expand(&user.arguments.value, &lookup)?));
            }
            Instruction::Stopsignal(signal) => {
                self.config.insert("StopSignal".into(), json!(expand(&signal.arguments.value, &lookup)?));
            }
            Instruction::Shell(shell) => {
                self.shell = Some(shell.arguments.iter().map(|word| word.value.to_string()).collect());
            }
            Instruction::Healthcheck(_) => unsupported("HEALTHCHECK", "leave it out")?,
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
                let shell = self.shell.clone().unwrap_or_else(|| vec!["/bin/sh".into(), "-c".into()]);
                let text = source.split_once(char::is_whitespace).map_or("", |(_, text)| text.trim());
                shell.into_iter().chain([text.to_string()]).collect()
            }
        }
    }

    // ANCHOR: cached_or
    /// Takes what a step made before, or does it.
    fn cached_or(
        &mut self,
        builder: &Builder<'_>,
        key: &Digest,
        output: &mut Output<'_>,
        work: impl FnOnce(&mut Stage, &mut Output<'_>) -> Result<()>,
    ) -> Result<()> {
        let known = if builder.request.no_cache { None } else { cache::find(builder.images, key)? };
        match known {
            Some(image) => {
                output(" ---> Using cache\n")?;
                let (args, shell) = (std::mem::take(&mut self.args), self.shell.take());
                *self = Stage { args, shell, ..Stage::on(image) };
                Ok(())
            }
            None => work(self, output),
        }
    }
    // ANCHOR_END: cached_or

    fn run(&mut self, builder: &Builder<'_>, words: &[String], output: &mut Output<'_>) -> Result<()> {
        let top = self.top().context("there is nothing to run on an image from scratch\ncure: COPY a program first")?;
        let mut env = self.env();
        if !env.iter().any(|entry| entry.starts_with("PATH=")) {
            env.push(PATH.into());
        }
        // ARGs are seen by commands, and not kept in the image.
        let args: Vec<String> = self.args.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let unseen =
            args.iter().filter(|arg| !env.iter().any(|entry| entry.split('=').next() == arg.split('=').next()));
        let env_of_run: Vec<String> = unseen.cloned().chain(env.iter().cloned()).collect();
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
        let (engine, images) = (builder.engine, builder.images);
        self.cached_or(builder, &key, output, |stage, output| {
            let blob = run::run(engine, images, top, config, output)?;
            stage.add_layer(blob);
            stage.note(&by, false);
            stage.commit(images, Some(&key))
        })
    }

    fn copy(
        &mut self,
        builder: &Builder<'_>,
        verb: &str,
        flags: &[Flag<'_>],
        sources: &[Source<'_>],
        target: &str,
        output: &mut Output<'_>,
    ) -> Result<()> {
        let this = self.clone();
        let lookup = |name: &str| this.lookup(name);
        let mut sources_found = Vec::new();
        for source in sources {
            match source {
                Source::Path(path) => sources_found.push(expand(&path.value, &lookup)?),
                _ => return unsupported("a heredoc", "put the text into a file of the context"),
            }
        }
        let (mut from, mut owner, mut mode) = (None, None, None);
        for flag in flags {
            let value = flag.value.as_ref().map(|value| expand(&value.value, &lookup)).transpose()?.unwrap_or_default();
            match &*flag.name.value {
                "from" if verb == "COPY" => from = Some(value),
                "chown" => owner = Some(value),
                "chmod" => {
                    mode = Some(u32::from_str_radix(&value, 8).ok().filter(|mode| *mode <= 0o7777))
                        .map(|mode| {
                            mode.with_context(|| format!("invalid --chmod {value:?}: it must be octal, as in 755"))
                        })
                        .transpose()?;
                }
                other => bail!("{verb} --{other} is not supported"),
            }
        }
        let files = from.as_ref().map(|from| builder.files_of(from, output)).transpose()?;
        let ends_with_slash = target.ends_with('/');
        let target = absolute(self.text("WorkingDir"), &expand(target, &lookup)?);
        let is_directory = match self.top() {
            Some(top) => builder.images.layers().has_directory(&top, Path::new(&target))?,
            None => target == "/",
        };
        let owner = owner.map(|owner| self.owner(builder, &owner)).transpose()?;
        let copy = Copy {
            context: files.as_ref().unwrap_or(builder.context),
            sources: sources_found,
            target: if ends_with_slash && target != "/" { format!("{target}/") } else { target.clone() },
            is_directory,
            owner,
            mode,
            unpacks: verb == "ADD",
        };
        let copied = copy.archive()?;
        let line = format!("/bin/sh -c #(nop) {verb} {} in {}", copied.checksum.short(), copy.target);
        let key =
            cache::key(self.image.as_ref().map(Found::id), &format!("{verb} {}", copy.target), Some(copied.checksum));
        let images = builder.images;
        self.cached_or(builder, &key, output, |stage, _| {
            let length = copied.file.metadata()?.len();
            let blob = images.put(copied.file, None, length)?;
            stage.add_layer(blob);
            stage.note(&line, false);
            stage.commit(images, Some(&key))
        })
    }

    /// WORKDIR makes the directory, if the image has none.
    fn workdir(&mut self, builder: &Builder<'_>, path: &str, output: &mut Output<'_>) -> Result<()> {
        let images = builder.images;
        let is_there = match self.top() {
            Some(top) => images.layers().has_directory(&top, Path::new(path))?,
            None => path == "/",
        };
        let key = cache::key(self.image.as_ref().map(Found::id), &format!("WORKDIR {path}"), None);
        self.cached_or(builder, &key, output, |stage, _| {
            if !is_there {
                let mut archive = tar::Builder::new(Vec::new());
                let mut header = tar::Header::new_gnu();
                header.set_entry_type(tar::EntryType::Directory);
                header.set_mode(0o755);
                header.set_size(0);
                header.set_uid(0);
                header.set_gid(0);
                header.set_mtime(0);
                archive.append_data(&mut header, format!("{}/", path.trim_matches('/')), std::io::empty())?;
                stage.add_layer(images.put_bytes(&archive.into_inner()?)?);
            }
            stage.note(&format!("/bin/sh -c #(nop) WORKDIR {path}"), is_there);
            stage.commit(images, Some(&key))
        })
    }

    /// `USER[:GROUP]`, by number, or by the names that the image knows.
    fn owner(&self, builder: &Builder<'_>, text: &str) -> Result<(u32, u32)> {
        let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
        let etc = tempfile::tempdir().context("cannot make a directory")?;
        if let Some(top) = self.top() {
            builder.images.layers().copy_out(&top, Path::new("/etc"), etc.path())?;
        }
        let find = |file: &str, name: &str, field: usize| -> Option<u32> {
            let text = std::fs::read_to_string(etc.path().join(file)).ok()?;
            let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
            line.split(':').nth(field)?.parse().ok()
        };
        let of_user = user.parse().ok().or_else(|| find("passwd", user, 2)).or((user == "root").then_some(0));
        let uid = of_user.ok_or_else(|| anyhow!("no user {user:?} is in the image's /etc/passwd"))?;
        let gid = match group {
            Some(group) => group
                .parse()
                .ok()
                .or_else(|| find("group", group, 2))
                .ok_or_else(|| anyhow!("no group {group:?} is in the image's /etc/group"))?,
            None => find("passwd", user, 3).unwrap_or(uid),
        };
        Ok((uid, gid))
    }
}

fn refuse_flags(verb: &str, flags: &[Flag<'_>]) -> Result<()> {
    match flags.first() {
        Some(flag) => bail!("{verb} --{} is not supported", flag.name.value),
        None => Ok(()),
    }
}

/// A path on the working directory, without dots.
fn absolute(working_dir: &str, path: &str) -> String {
    let joined = Path::new("/").join(working_dir).join(path);
    let mut parts: Vec<String> = Vec::new();
    for part in joined.components() {
        match part {
            std::path::Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            std::path::Component::ParentDir => drop(parts.pop()),
            _ => {}
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_without_dots() {
        assert_eq!(absolute("/app", "../x/./y"), "/x/y");
        assert_eq!(absolute("", "a"), "/a");
        assert_eq!(absolute("/app", "/"), "/");
    }
}

//! `build`: a Dockerfile becomes an image.
//!
//! The text is taken apart by a library; what the instructions mean is here. Each step makes an
//! image of the one before, as Docker's classic builder does it, and the index remembers what it
//! was made by: the same step on the same image is not done again.
//!
//! The library is `parse-dockerfile` 0.1.9: it knows every instruction, parser directives and
//! heredocs, and says where each word stands. Two others were looked at (November 2026):
//! `dockerfile-parser` 0.9 is given up by its makers, and knows neither directives nor all
//! instructions; `dockerfile-parser-rs` 3.4 wants upper-case letters, knows fourteen instructions,
//! and keeps no places for errors.

mod cache;
mod context;
mod copy;
mod place;
mod run;
mod sending;
mod stage;
mod words;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use ch06_containers::engine::Local;
use parse_dockerfile::{Instruction, Span};

pub use context::Context;
pub use words::matches;

use crate::layout::{Found, ImageStore};
use crate::{Reference, builtin};
use place::At as _;
use stage::Stage;

/// Where the output goes, as people know it. An empty text asks whether anybody takes it.
pub type Output<'a> = dyn FnMut(&str) -> Result<()> + 'a;

/// Gets an image that isn't here.
pub type Pull<'a> = dyn Fn(&Reference) -> Result<Found> + 'a;

/// What is to be built.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The Dockerfile's name, in the context.
    pub dockerfile: String,
    /// What the image will be called.
    pub tags: Vec<Reference>,
    /// Values for ARG.
    pub args: BTreeMap<String, String>,
    /// The stage at which to stop.
    pub target: Option<String>,
    /// Whether every step is done, whatever was done before.
    pub no_cache: bool,
    /// Labels for the image.
    pub labels: BTreeMap<String, String>,
    /// Whether base images are pulled, also where they are here.
    pub pull: bool,
    /// Flags of the containers in which RUN runs: chapter 6's.
    pub run_flags: Vec<String>,
}

/// What variables may take in all: as much as an image's configuration, which holds them.
const MOST_IN_VARIABLES: usize = 4 << 20;

/// What every step needs.
pub struct Builder<'a> {
    engine: &'a Local,
    images: &'a ImageStore,
    pull: &'a Pull<'a>,
    context: &'a Context,
    request: &'a Request,
    /// ARGs before the first FROM.
    global: BTreeMap<String, String>,
    /// Earlier stages: name, and image.
    stages: Vec<(Option<String>, Stage)>,
}

// ANCHOR: build
/// Builds.
pub fn build(
    engine: &Local,
    images: &ImageStore,
    pull: &Pull<'_>,
    context: &Context,
    request: &Request,
    output: &mut Output<'_>,
) -> Result<Found> {
    let _growing = images.growing()?;
    engine.remove_abandoned()?;
    let name = &request.dockerfile;
    let text = context.text(name)?;
    let parsed = parse_dockerfile::parse(&text).map_err(|error| place::of_parser(&error, name, &text))?;
    let mut builder = Builder { engine, images, pull, context, request, global: BTreeMap::new(), stages: Vec::new() };
    let count = parsed.instructions.len();
    let escape = parsed.parser_directives.escape.as_ref().map_or('\\', |directive| directive.value.value);
    for (index, instruction) in parsed.instructions.iter().enumerate() {
        let span = span(instruction);
        let end = parsed.instructions.get(index + 1).map_or(text.len(), |next| self::span(next).start);
        let source = without_comments(&text[span.start..end], escape);
        // A target stops in front of the next stage.
        if matches!(instruction, Instruction::From(_)) && builder.reached_target() {
            break;
        }
        output(&format!("Step {}/{count} : {}\n", index + 1, source.trim()))?;
        let done = builder.step(instruction, source.trim(), output);
        place::shown(done, name, &text, &span)?;
        if let Some((_, stage)) = builder.stages.last() {
            output(&format!(" ---> {}\n", stage.short()))?;
        }
    }
    if let Some(target) = &request.target {
        ensure!(builder.reached_target(), "failed to reach build target {target} in Dockerfile");
    }
    let (_, mut last) = builder.stages.pop().context("no build stage: the Dockerfile has no FROM")?;
    if !request.labels.is_empty() {
        last.labels(images, &request.labels)?;
    }
    let found = last.finish(images)?;
    if request.tags.is_empty() {
        images.add(found.descriptor.clone(), None)?;
    }
    for tag in &request.tags {
        images.tag(&found, tag)?;
    }
    output(&format!("Successfully built {}\n", found.id().short()))?;
    for tag in &request.tags {
        output(&format!("Successfully tagged {}\n", tag.familiar()))?;
    }
    Ok(found)
}
// ANCHOR_END: build

impl Builder<'_> {
    fn reached_target(&self) -> bool {
        let Some(target) = &self.request.target else { return false };
        self.stages
            .last()
            .is_some_and(|(name, _)| name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(target)))
            || target.parse::<usize>().is_ok_and(|number| number + 1 == self.stages.len())
    }

    fn step(&mut self, instruction: &Instruction<'_>, source: &str, output: &mut Output<'_>) -> Result<()> {
        self.check_growth(instruction, source)?;
        match instruction {
            Instruction::From(from) => return self.from(from, output),
            Instruction::Arg(arg) if self.stages.is_empty() => {
                for (name, default) in stage::arguments(&arg.arguments.value, &|name| self.global.get(name).cloned())? {
                    let value = self.request.args.get(&name).cloned().or(default);
                    self.global.extend(value.map(|value| (name, value)));
                }
                return Ok(());
            }
            _ => {}
        }
        let (name, mut stage) = self.stages.pop().context("no build stage in current context: FROM comes first")?;
        let done = stage.step(self, instruction, source, output);
        self.stages.push((name, stage));
        done
    }

    // ANCHOR: check_growth
    /// Refuses variables that grow: each `ARG A=$A$A` doubles one, and after forty lines it would fill
    /// any machine's memory. Computed before anything is replaced.
    fn check_growth(&self, instruction: &Instruction<'_>, source: &str) -> Result<()> {
        let lengths: Vec<usize> = match self.stages.last() {
            None => self.global.iter().map(|(name, value)| name.len() + value.len()).collect(),
            Some((_, stage)) => stage.lengths_of_variables(),
        };
        // What is left to the shell is not replaced here.
        let is_ours = !matches!(instruction, Instruction::Run(_) | Instruction::Cmd(_) | Instruction::Entrypoint(_));
        let replaced = if is_ours { source.matches('$').count() } else { 0 };
        let most = replaced.saturating_mul(lengths.iter().copied().max().unwrap_or_default());
        ensure!(
            most.max(lengths.iter().sum()) <= MOST_IN_VARIABLES,
            "the variables of this Dockerfile take more than {MOST_IN_VARIABLES} bytes\n\
             cause: it replaces variables by each other, and makes them longer each time\n\
             cure: put what is that long into a file, and COPY it"
        );
        Ok(())
    }
    // ANCHOR_END: check_growth

    fn from(&mut self, from: &parse_dockerfile::FromInstruction<'_>, output: &mut Output<'_>) -> Result<()> {
        if let Some((_, stage)) = self.stages.last_mut() {
            stage.settle(self.images)?;
        }
        for flag in &from.options {
            let is_ours = flag.name.value == "platform"
                && flag.value.as_ref().is_some_and(|value| value.value.ends_with(crate::config::architecture_here()));
            let refused = || anyhow!("FROM --{} is not supported", flag.name.value);
            is_ours.then_some(()).ok_or_else(refused).at(&flag.name.span)?;
        }
        let at = &from.image.span;
        let image = words::expand(&from.image.value, &|name| self.global.get(name).cloned()).at(at)?;
        if image.is_empty() {
            return Err(anyhow!("base name ({}) should not be blank", from.image.value)).at(at);
        }
        let earlier = self.stage(&image).map(Stage::as_base);
        let stage = match earlier {
            Some(stage) => stage,
            None if image == "scratch" => Stage::on_scratch(),
            None => {
                let base = self.find(&image, output).at(at)?;
                // Without them the image would be another one.
                if let Some(first) = base.config.whole["config"]["OnBuild"].get(0).and_then(serde_json::Value::as_str) {
                    let cure = "put the instructions into this Dockerfile, and build on an image without ONBUILD";
                    unsupported(&format!("ONBUILD, which the image {image} has ({first}),"), cure).at(at)?;
                }
                Stage::on(base)
            }
        };
        let name = from.as_.as_ref().map(|(_, name)| name.value.to_string());
        self.stages.push((name, stage));
        Ok(())
    }

    fn stage(&self, name: &str) -> Option<&Stage> {
        let by_name = |(known, _): &&(Option<String>, Stage)| {
            known.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name))
        };
        self.stages.iter().rfind(by_name).map(|(_, stage)| stage)
    }

    /// An image that is here, or can be had.
    fn find(&self, name: &str, output: &mut Output<'_>) -> Result<Found> {
        let known: Option<Reference> = name.parse().ok().filter(|known| !builtin::is_made_here(known));
        if let (true, Some(reference)) = (self.request.pull, known) {
            output(&format!("Pulling {}\n", reference.familiar()))?;
            return (self.pull)(&reference);
        }
        match builtin::find(self.images, name) {
            Err(error) if error.to_string().contains("No such image") => {
                let reference: Reference = name.parse().map_err(|error: String| anyhow!(error))?;
                output(&format!("Pulling {}\n", reference.familiar()))?;
                (self.pull)(&reference)
            }
            found => found,
        }
    }

    /// Files of an earlier stage, or of an image: COPY --from.
    fn files_of(&self, name: &str, output: &mut Output<'_>) -> Result<Context> {
        let number = name.parse::<usize>().ok().and_then(|number| self.stages.get(number)).map(|(_, stage)| stage);
        let layer = match self.stage(name).or(number) {
            Some(stage) => stage.top(),
            None => self.find(name, output)?.layer(),
        };
        let directory = tempfile::Builder::new().prefix("build-").tempdir_in(self.images.layers().data_root());
        let directory = directory.context("cannot make a directory for a stage's files")?;
        if let Some(layer) = layer {
            self.images.layers().copy_out(&layer, std::path::Path::new("/"), directory.path())?;
        }
        Context::of_stage(directory)
    }
}

fn span(instruction: &Instruction<'_>) -> Span {
    match instruction {
        Instruction::Add(i) => i.add.span.clone(),
        Instruction::Arg(i) => i.arg.span.clone(),
        Instruction::Cmd(i) => i.cmd.span.clone(),
        Instruction::Copy(i) => i.copy.span.clone(),
        Instruction::Entrypoint(i) => i.entrypoint.span.clone(),
        Instruction::Env(i) => i.env.span.clone(),
        Instruction::Expose(i) => i.expose.span.clone(),
        Instruction::From(i) => i.from.span.clone(),
        Instruction::Healthcheck(i) => i.healthcheck.span.clone(),
        Instruction::Label(i) => i.label.span.clone(),
        Instruction::Maintainer(i) => i.maintainer.span.clone(),
        Instruction::Onbuild(i) => i.onbuild.span.clone(),
        Instruction::Run(i) => i.run.span.clone(),
        Instruction::Shell(i) => i.shell.span.clone(),
        Instruction::Stopsignal(i) => i.stopsignal.span.clone(),
        Instruction::User(i) => i.user.span.clone(),
        Instruction::Volume(i) => i.volume.span.clone(),
        Instruction::Workdir(i) => i.workdir.span.clone(),
        _ => 0..0,
    }
}

/// An instruction on one line: lines that go on are joined, comments between them left out.
fn without_comments(source: &str, escape: char) -> String {
    let lines =
        source.lines().map(str::trim_end).filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty());
    let mut joined = String::new();
    for line in lines {
        match line.strip_suffix(escape) {
            Some(begun) => joined.push_str(begun),
            None => {
                joined.push_str(line);
                joined.push('\n');
            }
        }
    }
    joined.trim().to_string()
}

/// What isn't supported.
fn unsupported(what: &str, cure: &str) -> Result<()> {
    bail!("{what} is not supported\ncure: {cure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_go_on_are_joined_and_comments_left_out() {
        assert_eq!(without_comments("RUN a \\\n  # note\n  b\n\n# end\n", '\\'), "RUN a   b");
        assert_eq!(without_comments("RUN a `\n  b\\\n", '`'), "RUN a   b\\");
    }
}

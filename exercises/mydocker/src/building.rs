//! An image from a Dockerfile: FROM, COPY, RUN, CMD.
//!
//! Each COPY and each RUN makes a layer, and the layer's name is its key: if there is one of that
//! name, the step was done before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use given::{Arguments, Instruction};

use crate::answers::{cache_key, context, dockerfile};
use crate::arguments::Build;
use crate::store::{Store, store};

/// The container of a RUN, and its image, which are there only meanwhile.
const STEP: &str = "mydocker-build";

/// What is made so far.
struct Image {
    layers: Vec<String>,
    command: Vec<String>,
    key: String,
}

pub fn build(asked: &Build) -> Result<()> {
    let store = store()?;
    let lock = File::create(store.top().join("build.lock")).context("making the lock of builds")?;
    lock.lock().context("waiting for another build")?;
    let mut text = String::new();
    context::open_in_context(&asked.context, "Dockerfile")?.read_to_string(&mut text).context("the Dockerfile")?;

    // 8.4  The Dockerfile's instructions.
    let steps = dockerfile::instructions(&text).context("the Dockerfile")?;
    let mut image: Option<Image> = None;
    for (number, step) in steps.iter().enumerate() {
        println!("Step {}/{}: {}", number + 1, steps.len(), in_words(step));
        do_step(&store, &asked.context, step, &mut image)
            .with_context(|| format!("the Dockerfile, line {}", step.line))?;
    }
    let image = image.context("the Dockerfile has no FROM")?;
    store.name_image(&asked.name, &image.layers)?;
    store.set_command(&asked.name, &image.command)?;
    println!("Successfully tagged {}", asked.name);
    Ok(())
}

fn do_step(store: &Store, context: &Path, step: &Instruction, image: &mut Option<Image>) -> Result<()> {
    if step.name == "FROM" {
        ensure!(image.is_none(), "a second FROM: mydocker has one stage");
        let Arguments::Shell(name) = &step.arguments else { bail!("FROM takes a name") };
        let layers = store.image(name)?;
        let key = layers.join(" ");
        *image = Some(Image { layers, command: store.command(name)?, key });
        return Ok(());
    }
    let image = image.as_mut().context("the first instruction is FROM")?;
    match step.name.as_str() {
        "CMD" => image.command = shell_words(&step.arguments),
        "COPY" => {
            let copied = store.layer(&format!(".{STEP}"));
            let _ = fs::remove_dir_all(&copied);
            copy_all(context, &step.arguments, &copied)?;
            add_layer(store, image, step, Some(&copied), |layer| {
                fs::rename(&copied, layer).context("putting the layer in its place")
            })?;
            let _ = fs::remove_dir_all(&copied);
        }
        "RUN" => {
            let below = image.layers.clone();
            add_layer(store, image, step, None, |layer| run(store, &below, &step.arguments, layer))?;
        }
        other => bail!("mydocker has no {other}, only FROM, COPY, RUN and CMD"),
    }
    Ok(())
}

// ANCHOR: add_layer
/// Adds the step's layer, which is made only if there is none with its key.
fn add_layer(
    store: &Store,
    image: &mut Image,
    step: &Instruction,
    copied: Option<&Path>,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    // 8.5a  Changes when the result would.
    image.key = cache_key::key(&image.key, &in_words(step), copied)?;
    let layer = format!("step-{}", image.key);
    if store.layer(&layer).is_dir() {
        println!(" ---> Using cache");
    } else {
        make(&store.layer(&layer))?;
    }
    image.layers.push(layer);
    Ok(())
}
// ANCHOR_END: add_layer

/// Runs the command in a container of the image so far; what it changed is the layer.
fn run(store: &Store, below: &[String], arguments: &Arguments, layer: &Path) -> Result<()> {
    store.name_image(STEP, below)?;
    let status = Command::new("/proc/self/exe")
        .args(["run", "--name", STEP, "--image", STEP, "--"])
        .args(shell_words(arguments))
        .status()
        .context("starting mydocker for RUN")?;
    ensure!(status.success(), "the command returned a non-zero code: {}", status.code().unwrap_or(-1));
    fs::rename(store.container(STEP)?.upper, layer).context("putting the layer in its place")
}

fn copy_all(context: &Path, arguments: &Arguments, copied: &Path) -> Result<()> {
    let words: Vec<&str> = match arguments {
        Arguments::Shell(text) => text.split_whitespace().collect(),
        Arguments::Exec(words) => words.iter().map(String::as_str).collect(),
    };
    let [sources @ .., destination] = &words[..] else { bail!("COPY takes sources and a destination") };
    ensure!(!sources.is_empty(), "COPY takes sources and a destination");
    let mut target = copied.to_path_buf();
    for component in Path::new(destination).components() {
        match component {
            Component::Normal(name) => target.push(name),
            Component::RootDir | Component::CurDir => {}
            _ => bail!("the destination {destination} has .. in it"),
        }
    }
    for source in sources {
        let into = destination.ends_with('/') || destination.ends_with('.') || sources.len() > 1;
        let is_directory = context::open_in_context(context, source)?.metadata().context("looking at it")?.is_dir();
        let target = match Path::new(source).file_name() {
            // Of a directory it is what is in it.
            Some(name) if into && !is_directory => target.join(name),
            _ => target.clone(),
        };
        fs::create_dir_all(target.parent().context("it is in the layer")?).context("making the destination")?;
        copy(context, source, &target).with_context(|| format!("copying {source}"))?;
    }
    Ok(())
}

/// What is there already is never followed: a link may have been copied just before.
fn copy(from: &Path, source: &str, target: &Path) -> Result<()> {
    // 8.5b  Of the context, and of nothing else.
    let mut file = context::open_in_context(from, source)?;
    let found = file.metadata().context("looking at it")?;
    if found.is_file() {
        let mut out = OpenOptions::new().write(true).create_new(true).open(target).context("making the copy")?;
        io::copy(&mut file, &mut out).context("copying")?;
        return out.set_permissions(found.permissions()).context("chmod of the copy");
    }
    ensure!(found.is_dir(), "{source} is neither a file nor a directory");
    ensure!(!target.is_symlink(), "{source} would be copied over a link");
    fs::create_dir_all(target).context("making a directory")?;
    let opened = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    for entry in fs::read_dir(&opened).context("reading a directory")? {
        let (name, path) = entry.map(|entry| (entry.file_name(), entry.path())).context("reading a directory")?;
        match fs::read_link(&path) {
            Ok(link) => symlink(link, target.join(&name)).context("copying a link")?,
            Err(_) => copy(from, &format!("{source}/{}", name.display()), &target.join(&name))?,
        }
    }
    Ok(())
}

fn shell_words(arguments: &Arguments) -> Vec<String> {
    match arguments {
        Arguments::Shell(text) => vec!["/bin/sh".into(), "-c".into(), text.clone()],
        Arguments::Exec(words) => words.clone(),
    }
}

fn in_words(step: &Instruction) -> String {
    match &step.arguments {
        Arguments::Shell(text) => format!("{} {text}", step.name),
        Arguments::Exec(words) => format!("{} {words:?}", step.name),
    }
}

//! The program around an answer to exercise 8.5b. `cargo wb check 8.5b` builds it and runs it in
//! the lab.

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/context.rs"));

/// What is sent to the builder, and what is on its machine beside it.
const CONTEXT: &str = "/tmp/context";
const HOST: &str = "/tmp/context-host";

/// Arguments, for each call: `attack`, a file's name, and its content; or `defence`, a source, the
/// content of the context's files and that of the host's.
fn main() {
    let inputs: Vec<String> = std::env::args().skip(1).collect();
    checked::answers(&inputs, |words| match words {
        ["attack", name, secret] => attack(name, secret),
        ["defence", source, inside, outside] => {
            context(inside, outside).context("making a context").unwrap_or_else(|error| checked::blocked(&error));
            let mut file = answers::context::open_in_context(Path::new(CONTEXT), source)?;
            let mut text = String::new();
            file.read_to_string(&mut text).context("reading what was opened")?;
            Ok(text)
        }
        _ => bail!("an attack or a defence"),
    })
}

fn attack(name: &str, secret: &str) -> Result<String> {
    let (context, host) = (Path::new(CONTEXT), Path::new(HOST));
    fs::create_dir(context).context("making a context")?;
    let source = answers::context::smuggle(context, &host.join(name))?;
    // The builder's machine.
    fs::create_dir(host).context("making a directory")?;
    fs::write(host.join(name), secret).context("writing a file")?;
    Ok(careless(context, &source).unwrap_or_else(|error| format!("the builder said: {error:#}")))
}

/// As the exercise shows it.
fn careless(context: &Path, source: &str) -> Result<String> {
    ensure!(!source.split('/').any(|part| part == ".."), "forbidden path");
    let path = context.join(source.trim_start_matches('/'));
    ensure!(!path.is_symlink(), "a link is not copied");
    fs::read_to_string(path).context("no such file")
}

fn context(inside: &str, outside: &str) -> Result<()> {
    let (context, host) = (Path::new(CONTEXT), Path::new(HOST));
    for directory in [context, host] {
        let _ = fs::remove_dir_all(directory);
        fs::create_dir(directory)?;
    }
    fs::create_dir(context.join("dir"))?;
    fs::write(host.join("secret"), outside)?;
    fs::write(context.join("page"), inside)?;
    fs::write(context.join("dir/file"), inside)?;
    symlink("page", context.join("link"))?;
    symlink("../page", context.join("dir/up"))?;
    symlink(host.join("secret"), context.join("out"))?;
    symlink(host, context.join("away"))?;
    symlink(format!("../..{HOST}/secret").replace("/tmp", ""), context.join("dir/dots"))?;
    Ok(())
}

//! Console blocks: what the reader types, and what comes back.
//!
//! A block is fenced as `console`. A line that begins with `$ ` is typed into sh in the folder that was cloned; what follows
//! is what the command prints, output and errors in one; a command that ends in `\\` goes on in the next line, after `> `, as does a
//! here-document. `[..]`
//! stands for a part of a line that differs from machine to machine, `...` alone for whole lines, and one space for any
//! number, since what is elided has another width than what it stands for.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use snapbox::{Assert, IntoData};

use crate::pages::{self, Page};

/// One command and what it prints.
#[derive(Debug, PartialEq, Eq)]
struct Typed {
    command: String,
    output: String,
}

impl Typed {
    /// Whether the next line may belong to the command: after a backslash, or in a here-document.
    fn goes_on(&self) -> bool {
        self.output.is_empty() && (self.command.ends_with('\\') || self.command.contains("<<"))
    }

    fn append(&mut self, line: &str) {
        match self.command.strip_suffix('\\') {
            Some(command) => self.command = format!("{command}{}", line.trim_start()),
            None => self.command.extend(["\n", line]),
        }
    }
}

/// Splits the console blocks of a page: the line of each fence, and what is typed in the block.
fn blocks_of(text: &str) -> Result<Vec<(usize, Vec<Typed>)>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.trim() != "```console" {
            continue;
        }
        let mut typed: Vec<Typed> = Vec::new();
        for (_, line) in lines.by_ref().take_while(|(_, line)| line.trim() != "```") {
            match (line.strip_prefix("$ "), typed.last_mut()) {
                (Some(command), _) => typed.push(Typed { command: command.into(), output: String::new() }),
                (None, Some(last)) if last.goes_on() && line.starts_with("> ") => last.append(&line[2..]),
                (None, Some(last)) => last.output.extend([line, "\n"]),
                (None, None) => bail!("line {}: a console block begins with a command, `$ …`", number + 1),
            }
        }
        ensure!(
            typed.iter().any(|typed| !typed.output.is_empty()),
            "line {}: a console block without output proves nothing; what is only to be typed is fenced as sh",
            number + 1
        );
        blocks.push((number + 1, typed));
    }
    Ok(blocks)
}

/// Runs the commands of one block in one shell, in a fresh /tmp, and gives back what each printed.
fn run(typed: &[Typed]) -> Result<Vec<String>> {
    for entry in fs::read_dir("/tmp")? {
        let path = entry?.path();
        if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
    }
    let mark = "=== the next command ===";
    let mut script = String::new();
    for typed in typed {
        let command = as_built(&typed.command)?;
        // `$?` is still the command's afterwards, also for whoever typed `echo $?` next.
        script.push_str(&format!("{command}\nstatus=$?; echo '{mark}'; (exit $status)\n"));
    }
    let (mut output, writer) = std::io::pipe()?;
    let mut shell = Command::new("sh")
        .args(["-c", &script])
        .current_dir(pages::checkout())
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .env("RUST_BACKTRACE", "0")
        .env_remove("XDG_RUNTIME_DIR")
        .spawn()
        .context("start sh")?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut output, &mut text)?;
    shell.wait()?;
    let printed: Vec<_> = text.split(&format!("{mark}\n")).map(str::to_string).collect();
    ensure!(printed.len() == typed.len() + 1, "the shell ended early, after:\n{text}");
    Ok(printed.into_iter().take(typed.len()).collect())
}

/// The reader lets cargo run the program; here it is built already, and cargo has nowhere to write.
fn as_built(command: &str) -> Result<String> {
    let program = env!("CARGO_BIN_EXE_ch01-namespaces");
    let example = std::path::Path::new(program).with_file_name("examples").join("smallest");
    let by_example = "cargo run -q -p ch01-namespaces --example smallest --";
    if command.contains(by_example) {
        ensure!(example.is_file(), "{} isn't built: add --example smallest to cargo's command", example.display());
    }
    let command = command
        .replace(by_example, &format!("'{}'", example.display()))
        .replace("cargo run -q -p ch01-namespaces --", &format!("'{program}'"))
        .replace("cargo run -q -p ch01-namespaces", &format!("'{program}'"));
    ensure!(!command.contains("cargo "), "only this chapter's program can be run here: {command}");
    Ok(command)
}

/// `None` when it is as expected, else the difference.
pub fn difference(actual: &str, expected: &str) -> Option<String> {
    // No colours, and never an update of the page in place: its elisions were chosen by hand.
    let judge = Assert::new().action(snapbox::assert::Action::Verify).normalize_paths(false);
    let (actual, expected) = (narrowed(actual), narrowed(expected));
    judge.try_eq(None, actual.into_data().raw(), expected.into_data()).err().map(|error| error.to_string())
}

/// One space for many, none at the end of a line.
fn narrowed(text: &str) -> String {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

fn wrong_in(page: &Page) -> Result<(usize, Vec<String>)> {
    let name = page.path.strip_prefix(pages::checkout()).unwrap_or(&page.path).display();
    let blocks = blocks_of(&page.text).with_context(|| format!("{name}"))?;
    let mut wrong = Vec::new();
    for (line, typed) in &blocks {
        for (typed, printed) in typed.iter().zip(run(typed).with_context(|| format!("{name}:{line}"))?) {
            if let Some(difference) = difference(&printed, &typed.output) {
                wrong.push(format!("{name}:{line}: $ {}\n{difference}", typed.command));
            }
        }
    }
    Ok((blocks.len(), wrong))
}

/// What the pages type besides what every Linux has.
const PROGRAMS: [&str; 7] = ["findmnt", "hostname", "ip", "ipcs", "ps", "timeout", "unshare"];

pub fn every_console_block_prints_what_the_page_shows() -> Result<()> {
    PROGRAMS.iter().try_for_each(|program| testkit::needs::program(program))?;
    let (mut blocks, mut wrong) = (0, Vec::new());
    for page in pages::of_this_chapter()? {
        let (count, more) = wrong_in(&page)?;
        blocks += count;
        wrong.extend(more);
    }
    ensure!(blocks > 0, "no console block was found in the book");
    ensure!(
        wrong.is_empty(),
        "{} commands print something else than the page shows:\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    Ok(())
}

pub fn a_block_is_its_commands_and_what_they_print() -> Result<()> {
    let page = "x\n```console\n$ echo a; false\na\n$ echo $?\n1\n```\n```sh\n$ no\n```\n";
    let typed = |command: &str, output: &str| Typed { command: command.into(), output: output.into() };
    let block = vec![typed("echo a; false", "a\n"), typed("echo $?", "1\n")];
    ensure!(run(&block)? == ["a\n", "1\n"], "{:?}", run(&block)?);
    ensure!(blocks_of(page)? == [(2, block)], "{:?}", blocks_of(page)?);
    let long = blocks_of("```console\n$ echo \\\n>   a\na\n```\n")?;
    ensure!(long == [(1, vec![typed("echo a", "a\n")])], "{long:?}");
    ensure!(blocks_of("```console\n$ true\n```\n").is_err(), "a block without output was taken");
    ensure!(blocks_of("```console\na\n```\n").is_err(), "a block without a command was taken");
    Ok(())
}

pub fn elisions_stand_for_what_differs_and_for_nothing_else() -> Result<()> {
    ensure!(difference("pid 17 is up\nmore\nend\n", "pid [..] is up\n...\nend\n").is_none());
    ensure!(difference("a\nend\n", "a\n...\nend\n").is_none(), "... may stand for no line at all");
    for (actual, expected) in [("b\n", "a\n"), ("pid 17 is down\n", "pid [..] is up\n"), ("a\nb\n", "a\n"), ("", "a\n")]
    {
        ensure!(difference(actual, expected).is_some(), "{actual:?} was taken for {expected:?}");
    }
    Ok(())
}

//! Console blocks: what the reader types, and what comes back.
//!
//! A block is fenced as `console`; or, where it takes what not every machine has, as
//! `console,WORD`, and a chapter says in a case of its own when those are run. A line that begins
//! with `$ ` is typed into sh in the directory that was cloned; what follows is what the command
//! prints, output and errors in one; a command that ends in `\\` goes on in the next line, after `>
//! `, as does a here-document. What differs from machine to machine is compared
//! [loosely](crate::loosely); `...` alone stands for whole lines, and one space for any number of
//! them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use snapbox::{Assert, IntoData};

use crate::loosely::{all_used, loosened, narrow, patterns, real_lines};
use crate::{Chapter, Page};

/// For all blocks of a chapter, on a slow machine.
pub const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Set it, and the cases fail with what was printed in the place of each elision: for authors.
const REAL: &str = "CORACLE_BOOK_REAL";

/// One command and what it prints.
#[derive(Debug, PartialEq, Eq)]
pub struct Typed {
    /// What is typed.
    pub command: String,
    /// What comes back, by the page.
    pub output: String,
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

/// Splits the console blocks of a page that are fenced with this word (`None`: with none): the line
/// of each fence, and what is typed in the block.
pub fn blocks_of(text: &str, word: Option<&str>) -> Result<Vec<(usize, Vec<Typed>)>> {
    let fence = word.map_or_else(|| "```console".to_string(), |word| format!("```console,{word}"));
    let mut blocks = Vec::new();
    let all: Vec<&str> = text.lines().collect();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.trim() != fence {
            continue;
        }
        let mut patterns = patterns(&all, number)?;
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
        typed.iter_mut().for_each(|typed| typed.output = loosened(&typed.output, &mut patterns));
        all_used(&patterns, number + 1)?;
        blocks.push((number + 1, typed));
    }
    Ok(blocks)
}

/// Runs the commands of one block in one shell, in a fresh /tmp, and gives back what each printed.
/// Only for a case in a lab.
pub fn run(chapter: &Chapter, typed: &[Typed]) -> Result<Vec<String>> {
    empty_tmp(&chapter.checkout())?;
    let mark = "=== the next command ===";
    let mut script = String::new();
    for typed in typed {
        let command = as_built(chapter, &typed.command)?;
        // `$?` is still the command's afterwards, also for whoever typed `echo $?` next.
        script.push_str(&format!("{command}\nstatus=$?; echo '{mark}'; (exit $status)\n"));
    }
    let (mut output, writer) = std::io::pipe()?;
    let mut shell = Command::new("sh")
        .args(["-c", &script])
        .current_dir(chapter.checkout())
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .env("RUST_BACKTRACE", "0")
        .env_remove("XDG_RUNTIME_DIR")
        // What a program keeps from one run to the next outlives a block, whose /tmp doesn't.
        .env("XDG_CACHE_HOME", "/run/cache")
        .spawn()
        .context("start sh")?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut output, &mut text)?;
    shell.wait()?;
    let printed: Vec<_> = text.split(&format!("{mark}\n")).map(str::to_string).collect();
    ensure!(printed.len() == typed.len() + 1, "the shell ended early, after:\n{text}");
    Ok(printed.into_iter().take(typed.len()).collect())
}

/// Removes what earlier blocks have left in /tmp. Directories stay in which something is mounted (a
/// checkout that was cloned below /tmp, a target directory), and those above the checkout.
fn empty_tmp(checkout: &Path) -> Result<()> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context("read the mount table")?;
    // The fifth word is the mount point; the kernel writes a blank in it as octal.
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(|point| point.replace("\\040", " "));
    let kept: Vec<PathBuf> = points.map(PathBuf::from).chain([checkout.to_path_buf()]).collect();
    for entry in fs::read_dir("/tmp")? {
        let path = entry?.path();
        match kept.iter().any(|kept| kept.starts_with(&path)) {
            true => continue,
            false if path.is_dir() => fs::remove_dir_all(path)?,
            false => fs::remove_file(path)?,
        }
    }
    Ok(())
}

/// The reader lets cargo run the program; here it is built already, and cargo has nowhere to write.
fn as_built(chapter: &Chapter, command: &str) -> Result<String> {
    let (by_cargo, program) = (format!("cargo run -q -p {}", chapter.package), chapter.program);
    let by_example = format!("{by_cargo} --example ");
    let mut parts = command.split(&by_example);
    let mut built = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (name, rest) = part.split_once(" --").with_context(|| format!("no -- after the example: {command}"))?;
        let example = Path::new(program).with_file_name("examples").join(name);
        ensure!(example.is_file(), "{} isn't built: add --example {name} to cargo's command", example.display());
        built += &format!("'{}'{rest}", example.display());
    }
    let built =
        built.replace(&format!("{by_cargo} --"), &format!("'{program}'")).replace(&by_cargo, &format!("'{program}'"));
    ensure!(!built.contains("cargo "), "only this chapter's program can be run here: {command}");
    Ok(built)
}

/// The package whose program a block of a shared page runs: the last one that it names.
fn package_of(typed: &[Typed]) -> Option<&str> {
    let names = typed.iter().flat_map(|typed| typed.command.split("cargo run -q -p ").skip(1));
    names.last().and_then(|rest| rest.split_whitespace().next())
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
    text.lines().map(|line| narrow(line) + "\n").collect()
}

/// Which of a block's commands print something else than the page shows.
fn wrong_in(chapter: &Chapter, place: &str, typed: &[Typed]) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (typed, printed) in typed.iter().zip(run(chapter, typed).with_context(|| place.to_string())?) {
        if let Some(difference) = difference(&printed, &typed.output) {
            wrong.push(format!("{place}: $ {}\n{difference}", typed.command));
        } else if std::env::var_os(REAL).is_some() {
            let lines = real_lines(&typed.output, &printed);
            wrong.extend(lines.iter().map(|(pattern, real)| format!("REAL\t{place}\t{pattern}\t{real}")));
        }
    }
    Ok(wrong)
}

/// A shared page's block is run by the chapter whose program it runs; the first chapter takes what
/// is nobody's.
fn is_ours(chapter: &Chapter, typed: &[Typed]) -> bool {
    let tested = |package: &str| {
        let directory = package.strip_prefix("ch").unwrap_or(package);
        chapter.checkout().join("chapters").join(directory).join("tests/book").is_dir()
    };
    match package_of(typed) {
        Some(package) if package == chapter.package => true,
        Some(package) => chapter.is_first() && !tested(package),
        None => chapter.is_first(),
    }
}

/// A page's blocks, each with its place, `checkout/page.md:line`.
fn blocks_with_places(chapter: &Chapter, page: &Page, word: Option<&str>) -> Result<Vec<(String, Vec<Typed>)>> {
    let checkout = chapter.checkout();
    let name = page.path.strip_prefix(&checkout).unwrap_or(&page.path).display();
    let blocks = blocks_of(&page.text, word).with_context(|| format!("{name}"))?;
    Ok(blocks.into_iter().map(|(line, typed)| (format!("{name}:{line}"), typed)).collect())
}

/// All blocks that this chapter runs, its own pages' first.
fn blocks_for(chapter: &Chapter, word: Option<&str>) -> Result<Vec<(String, Vec<Typed>)>> {
    let (own, shared) = (chapter.pages()?, chapter.shared_pages()?);
    let mut blocks = Vec::new();
    for page in own.iter().filter(|page| shared.iter().all(|known| known.path != page.path)) {
        blocks.extend(blocks_with_places(chapter, page, word)?);
    }
    for page in &shared {
        let all = blocks_with_places(chapter, page, word)?;
        blocks.extend(all.into_iter().filter(|(_, typed)| is_ours(chapter, typed)));
    }
    ensure!(!blocks.is_empty(), "no console block was found in the book");
    Ok(blocks)
}

/// Runs every third of those that are fenced with no word.
pub fn every_third_block_from(chapter: &Chapter, first: usize) -> Result<()> {
    let blocks = blocks_for(chapter, None)?;
    ensure!(blocks.len() > first, "only {} blocks: nothing is left for this case", blocks.len());
    run_all(chapter, blocks.into_iter().skip(first).step_by(3))
}

/// Runs those that are fenced with this word.
pub fn every_block_fenced_with(chapter: &Chapter, word: &str) -> Result<()> {
    run_all(chapter, blocks_for(chapter, Some(word))?.into_iter())
}

fn run_all(chapter: &Chapter, blocks: impl Iterator<Item = (String, Vec<Typed>)>) -> Result<()> {
    chapter.needs.iter().try_for_each(|program| testkit::needs::program(program))?;
    let wrong = blocks.map(|(place, typed)| wrong_in(chapter, &place, &typed)).collect::<Result<Vec<_>>>()?.concat();
    ensure!(
        wrong.is_empty(),
        "{} commands print something else than the page shows:\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAPTER: Chapter =
        Chapter { directory: "/x/chapters/02-rootfs", package: "ch02-rootfs", program: "/t/ch02-rootfs", needs: &[] };

    #[test]
    fn elisions_stand_for_what_differs_and_for_nothing_else() {
        assert_eq!(difference("pid 17 is up\nmore\nend\n", "pid [..] is up\n...\nend\n"), None);
        assert_eq!(difference("a\nend\n", "a\n...\nend\n"), None, "... may stand for no line at all");
        for (actual, expected) in
            [("b\n", "a\n"), ("pid 17 is down\n", "pid [..] is up\n"), ("a\nb\n", "a\n"), ("", "a\n")]
        {
            assert!(difference(actual, expected).is_some(), "{actual:?} was taken for {expected:?}");
        }
    }

    #[test]
    fn what_cargo_would_run_is_run_as_built() {
        let built = |command| as_built(&CHAPTER, command);
        assert_eq!(built("cargo run -q -p ch02-rootfs | cat").unwrap(), "'/t/ch02-rootfs' | cat");
        assert_eq!(built("cargo run -q -p ch02-rootfs -- run -- ls").unwrap(), "'/t/ch02-rootfs' run -- ls");
        assert!(built("cargo run -q -p ch01-namespaces").is_err(), "another chapter's program was taken for ours");
        assert!(built("cargo run -q -p ch02-rootfs --example none -- x").is_err(), "an example that isn't built");
    }

    #[test]
    fn a_block_belongs_to_the_program_that_it_runs() {
        let typed = |command: &str| vec![Typed { command: command.into(), output: String::new() }];
        assert_eq!(package_of(&typed("cargo run -q -p ch02-rootfs -- run")), Some("ch02-rootfs"));
        assert_eq!(package_of(&typed("ls")), None);
        assert!(is_ours(&CHAPTER, &typed("cargo run -q -p ch02-rootfs")) && !is_ours(&CHAPTER, &typed("ls")));
    }
}

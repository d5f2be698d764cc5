//! A console block, run.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};
use book_tests::Chapter;
use book_tests::console::{Typed, blocks_of, run};

fn main() -> ExitCode {
    let mut cases = testkit::cases![a_block_is_its_commands_and_what_they_print];
    cases.extend(testkit::root_cases![a_directory_that_the_checkout_is_in_is_not_emptied]);
    testkit::run(cases)
}

fn a_block_is_its_commands_and_what_they_print() -> Result<()> {
    let chapter = Chapter { directory: env!("CARGO_MANIFEST_DIR"), package: "none", program: "none", needs: &[] };
    let page = "x\n```console\n$ echo a; false\na\n$ echo $?\n1\n```\n```sh\n$ no\n```\n";
    let typed = |command: &str, output: &str| Typed { command: command.into(), output: output.into() };
    let block = vec![typed("echo a; false", "a\n"), typed("echo $?", "1\n")];
    ensure!(run(&chapter, &block)? == ["a\n", "1\n"], "{:?}", run(&chapter, &block)?);
    ensure!(blocks_of(page, None)? == [(2, block)], "{:?}", blocks_of(page, None)?);
    let long = blocks_of("```console\n$ echo \\\n>   a\na\n```\n", None)?;
    ensure!(long == [(1, vec![typed("echo a", "a\n")])], "{long:?}");
    ensure!(blocks_of("```console\n$ true\n```\n", None).is_err(), "a block without output was taken");
    ensure!(blocks_of("```console\na\n```\n", None).is_err(), "a block without a command was taken");
    let marked = "```console,limits\n$ echo a\na\n```\n";
    ensure!(blocks_of(marked, None)?.is_empty() && blocks_of(marked, Some("limits"))?.len() == 1);
    Ok(())
}

/// As after `git clone` below /tmp: the lab shows the checkout there, read-only.
fn a_directory_that_the_checkout_is_in_is_not_emptied() -> Result<()> {
    testkit::needs::program("mount")?;
    let chapter = Chapter { directory: env!("CARGO_MANIFEST_DIR"), package: "none", program: "none", needs: &[] };
    fs::create_dir_all("/tmp/clones/cora cle")?;
    fs::create_dir_all("/tmp/left/by a block")?;
    let script = "cd /tmp/clones && mount -t tmpfs none 'cora cle' && touch 'cora cle/file' && mount -o remount,bind,ro 'cora cle'";
    ensure!(Command::new("sh").args(["-c", script]).status()?.success());
    let listed = Typed { command: "ls -d /tmp/left; ls /tmp/clones/*".into(), output: String::new() };
    let printed = run(&chapter, &[listed])?;
    ensure!(printed.len() == 1 && printed[0].starts_with("ls: ") && printed[0].ends_with("\nfile\n"), "{printed:?}");
    Ok(())
}

//! A console block, run.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use book_tests::Chapter;
use book_tests::console::{Typed, blocks_of, run};

fn main() -> ExitCode {
    testkit::run(testkit::cases![a_block_is_its_commands_and_what_they_print])
}

fn a_block_is_its_commands_and_what_they_print() -> Result<()> {
    let chapter = Chapter { folder: env!("CARGO_MANIFEST_DIR"), package: "none", program: "none", needs: &[] };
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

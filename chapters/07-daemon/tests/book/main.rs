//! The book's chapter 7, held against the program: console blocks are run, includes and links
//! followed.
//!
//! Blocks fenced as `console,root` show what a daemon of root's can do for another user. Those
//! fenced as `console,docker` type the docker command, which not every machine has.

use std::process::ExitCode;

use anyhow::Result;
use book_tests::Chapter;
use testkit::{cases, needs};

const BOOK: Chapter = book_tests::chapter!("ch07-daemon", needs: ["curl", "jq"]);

fn main() -> ExitCode {
    let fenced = cases![
        every_block_for_root_prints_what_the_page_shows,
        every_block_with_the_docker_command_prints_what_the_page_shows,
    ];
    let fenced = fenced.into_iter().map(|case| case.time_limit(book_tests::console::TIME_LIMIT));
    testkit::run(book_tests::cases!(BOOK).into_iter().chain(fenced).collect())
}

fn every_block_for_root_prints_what_the_page_shows() -> Result<()> {
    needs::root()?;
    book_tests::console::every_block_fenced_with(&BOOK, "root")
}

fn every_block_with_the_docker_command_prints_what_the_page_shows() -> Result<()> {
    needs::program("docker")?;
    book_tests::console::every_block_fenced_with(&BOOK, "docker")
}

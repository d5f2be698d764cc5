//! The book's chapter 5, held against the program: console blocks are run, includes and links
//! followed.
//!
//! Blocks fenced as `console,root` look at or change the network that the program is in, so they
//! are run as root of the lab. Those fenced as `console,user` show what is different for an
//! ordinary user.

use std::process::ExitCode;

use anyhow::Result;
use book_tests::Chapter;
use testkit::{cases, needs, root_cases};

const BOOK: Chapter = book_tests::chapter!("ch05-network", needs: ["busybox", "ip", "nft", "ps", "ss"]);

fn main() -> ExitCode {
    let blocks = [
        root_cases![every_block_for_root_prints_what_the_page_shows],
        cases![every_block_for_a_user_prints_what_the_page_shows],
    ];
    let blocks = blocks.concat().into_iter().map(|case| case.time_limit(book_tests::console::TIME_LIMIT));
    testkit::run(book_tests::cases!(BOOK).into_iter().chain(blocks).collect())
}

fn every_block_for_root_prints_what_the_page_shows() -> Result<()> {
    book_tests::console::every_block_fenced_with(&BOOK, "root")
}

fn every_block_for_a_user_prints_what_the_page_shows() -> Result<()> {
    needs::ordinary_user()?;
    book_tests::console::every_block_fenced_with(&BOOK, "user")
}

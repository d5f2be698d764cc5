//! The book's chapter 6, held against the program: console blocks are run, includes and links
//! followed.
//!
//! Blocks fenced as `console,limits` freeze containers, which takes cgroups: an ordinary user has
//! them only on some machines. Those fenced as `console,users` become other users, of whom an
//! ordinary user has a range only where an administrator gave them one.

use std::process::ExitCode;

use anyhow::Result;
use book_tests::Chapter;
use ch03_cgroups::machine::Machine;
use ch03_cgroups::place::Place;
use testkit::{Case, cases, needs};

const BOOK: Chapter = book_tests::chapter!("ch06-containers", needs: ["busybox", "ip", "pgrep", "ps", "script"]);

fn main() -> ExitCode {
    let limits = cases![
        every_block_with_limits_prints_what_the_page_shows,
        every_block_with_other_users_prints_what_the_page_shows,
    ];
    let limits = limits.into_iter().map(|case| case.time_limit(book_tests::console::TIME_LIMIT));
    let all = book_tests::cases!(BOOK).into_iter().chain(limits);
    testkit::run(all.map(Case::with_own_cgroups).collect())
}

fn every_block_with_limits_prints_what_the_page_shows() -> Result<()> {
    let place = Machine::observe().and_then(|machine| Place::find(&machine, &[], None));
    needs::that(place.is_ok_and(|place| place.is_ours()), "a cgroup that may be divided")?;
    book_tests::console::every_block_fenced_with(&BOOK, "limits")
}

fn every_block_with_other_users_prints_what_the_page_shows() -> Result<()> {
    needs::root()?;
    book_tests::console::every_block_fenced_with(&BOOK, "users")
}

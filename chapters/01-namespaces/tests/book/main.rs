//! The book's chapter 1 and the README, held against the program: console blocks are run, includes
//! and links followed, and pictures compared with what they show.
//!
//! After a change to the tour, the picture is drawn anew:
//! `CORACLE_PICTURE=$PWD/book/src/images/tour.svg cargo test -p ch01-namespaces --test book`

mod lanes;
mod picture;
mod words;

use std::process::ExitCode;

use book_tests::Chapter;
use testkit::cases;

/// This chapter's pages, and those that belong to all.
const BOOK: Chapter = book_tests::chapter!(
    "ch01-namespaces",
    needs: ["findmnt", "hostname", "ip", "ipcs", "ps", "timeout", "unshare"]
);

fn main() -> ExitCode {
    if let Some(path) = std::env::var_os("CORACLE_PICTURE") {
        return picture::draw(path.as_ref());
    }
    let mut all = book_tests::cases!(BOOK);
    all.extend(cases![
        lanes::the_picture_of_two_lanes_is_a_narrated_run,
        words::every_cure_that_doctor_knows_is_in_the_appendix,
        picture::the_picture_of_the_tour_is_what_the_tour_prints,
    ]);
    testkit::run(all)
}

//! The book's chapter 1 and the README, held against the program: console blocks are run, includes and links followed, and
//! pictures compared with what they show.
//!
//! After a change to the tour, the picture is drawn anew:
//! `CORACLE_PICTURE=$PWD/book/src/images/tour.svg cargo test -p ch01-namespaces --test book`

mod console;
mod lanes;
mod links;
mod pages;
mod picture;
mod words;

use std::process::ExitCode;
use std::time::Duration;

use testkit::cases;

fn main() -> ExitCode {
    if let Some(path) = std::env::var_os("CORACLE_PICTURE") {
        return picture::draw(path.as_ref());
    }
    let mut all = cases![
        console::a_block_is_its_commands_and_what_they_print,
        console::elisions_stand_for_what_differs_and_for_nothing_else,
        pages::every_page_is_in_the_summary,
        links::every_anchor_is_an_identifier_that_mdbook_would_make,
        links::every_include_finds_its_file_and_its_anchor,
        links::every_link_within_the_book_resolves,
        lanes::the_picture_of_two_lanes_is_a_narrated_run,
        words::the_sections_that_the_narration_names_are_pages,
        words::every_cure_that_doctor_knows_is_in_the_appendix,
        picture::the_picture_of_the_tour_is_what_the_tour_prints,
    ];
    all.extend(
        cases![console::every_console_block_prints_what_the_page_shows]
            .into_iter()
            .map(|case| case.time_limit(Duration::from_secs(120))),
    );
    testkit::run(all)
}

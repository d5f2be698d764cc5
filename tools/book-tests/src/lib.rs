//! The book held against the programs: console blocks are run, includes and links followed,
//! sections that a narration names looked up. A chapter's `tests/book/main.rs` is a few lines:
//!
//! ```ignore
//! const BOOK: Chapter = book_tests::chapter!("ch02-rootfs", needs: ["findmnt"]);
//!
//! fn main() -> ExitCode {
//!     testkit::run(book_tests::cases!(BOOK))
//! }
//! ```
//!
//! A chapter answers for the pages in its own directory of the book. Pages that belong to all
//! (README, introduction, appendices) are chapter 1's, but for their console blocks: each is run by
//! the chapter whose program it runs.

pub mod console;
pub mod links;
mod loosely;
pub mod pages;
pub mod sections;

pub use pages::{Chapter, Page};
// For the macro.
pub use {anyhow, testkit};

/// This chapter: its program's name (which is its package's as well), and what its pages type
/// besides what every Linux has.
#[macro_export]
macro_rules! chapter {
    ($program:literal, needs: $needs:expr) => {
        $crate::Chapter {
            directory: env!("CARGO_MANIFEST_DIR"),
            package: $program,
            program: env!(concat!("CARGO_BIN_EXE_", $program)),
            needs: &$needs,
        }
    };
}

/// The cases that every chapter has.
#[macro_export]
macro_rules! cases {
    ($chapter:expr) => {{
        use $crate::anyhow::Result;
        fn every_page_is_in_the_summary() -> Result<()> {
            $crate::pages::every_page_is_in_the_summary(&$chapter)
        }
        fn every_include_finds_its_file_and_its_anchor() -> Result<()> {
            $crate::links::every_include_finds_its_file_and_its_anchor(&$chapter)
        }
        fn every_link_within_the_book_resolves() -> Result<()> {
            $crate::links::every_link_within_the_book_resolves(&$chapter)
        }
        fn the_sections_that_the_narration_names_are_pages() -> Result<()> {
            $crate::sections::the_sections_that_the_narration_names_are_pages(&$chapter)
        }
        fn console_blocks_1_4_7_and_so_on_print_what_the_page_shows() -> Result<()> {
            $crate::console::every_third_block_from(&$chapter, 0)
        }
        fn console_blocks_2_5_8_and_so_on_print_what_the_page_shows() -> Result<()> {
            $crate::console::every_third_block_from(&$chapter, 1)
        }
        fn console_blocks_3_6_9_and_so_on_print_what_the_page_shows() -> Result<()> {
            $crate::console::every_third_block_from(&$chapter, 2)
        }
        fn no_page_shows_an_elision() -> Result<()> {
            $crate::pages::no_page_shows_an_elision(&$chapter)
        }
        let mut cases = $crate::testkit::cases![
            every_page_is_in_the_summary,
            no_page_shows_an_elision,
            every_include_finds_its_file_and_its_anchor,
            every_link_within_the_book_resolves,
            the_sections_that_the_narration_names_are_pages,
        ];
        // In three labs at once: many blocks wait for something.
        let slow = $crate::testkit::cases![
            console_blocks_1_4_7_and_so_on_print_what_the_page_shows,
            console_blocks_2_5_8_and_so_on_print_what_the_page_shows,
            console_blocks_3_6_9_and_so_on_print_what_the_page_shows,
        ];
        cases.extend(slow.into_iter().map(|case| case.time_limit($crate::console::TIME_LIMIT)));
        cases
    }};
}

//! The book's chapter 3, held against the program: console blocks are run, includes and links followed.

use std::process::ExitCode;

use book_tests::Chapter;

const BOOK: Chapter = book_tests::chapter!("ch03-cgroups", needs: ["ps"]);

fn main() -> ExitCode {
    testkit::run(book_tests::cases!(BOOK))
}

//! The book's chapter 8, held against the program: console blocks are run, includes and links
//! followed.

use std::process::ExitCode;

use book_tests::Chapter;

const BOOK: Chapter = book_tests::chapter!("ch08-images", needs: ["tar", "busybox"]);

fn main() -> ExitCode {
    testkit::run(book_tests::cases!(BOOK))
}

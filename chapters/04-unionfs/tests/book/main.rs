//! The book's chapter 4, held against the program: console blocks are run, includes and links
//! followed.

use std::process::ExitCode;

use book_tests::Chapter;

const BOOK: Chapter = book_tests::chapter!("ch04-unionfs", needs: ["findmnt", "tar"]);

fn main() -> ExitCode {
    // The pages come with a change of their own.
    let has_pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/src/04-unionfs").is_dir();
    testkit::run(if has_pages { book_tests::cases!(BOOK) } else { Vec::new() })
}

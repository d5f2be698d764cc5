//! The last test program that `cargo test` runs, by its package's name and its own: it says what
//! came of all of them.

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    if let Some(totals) = testkit::totals::of_this_run() {
        println!("{totals}");
    }
}

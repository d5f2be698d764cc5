//! The program around an answer to exercise 4.3a. `cargo wb check 4.3a` builds it and runs it in
//! the lab.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::Context;
use given::checked;

include!(concat!(env!("OUT_DIR"), "/whiteout.rs"));

/// Arguments: a directory to be made, with a layer's directory `srv` in it; and the marker. `gone`
/// as a third: there is no such directory.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    checked::ready(|| {
        let [place, _, ..] = &arguments[..] else { anyhow::bail!("two arguments") };
        let directory = Path::new(place).join("srv");
        fs::create_dir_all(&directory).context("making a directory")?;
        fs::write(directory.join("kept"), "the layer's own").context("writing a file")?;
        // Here, and not in the checker: whoever makes a user attribute on this file system knows.
        given::set_attribute(&directory, "user.coracle", b"y").context(
            "/tmp in the lab keeps no attributes of users' own (a tmpfs does since Linux 6.6): check on a newer kernel",
        )
    });
    let directory = Path::new(&arguments[0]).join(if arguments.len() > 2 { "none" } else { "srv" });
    let result = answers::whiteout::apply_whiteout(&directory, OsStr::new(&arguments[1]));
    checked::returned_number(result.map(i32::from));
}

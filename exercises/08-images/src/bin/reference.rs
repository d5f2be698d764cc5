//! The program around an answer to exercise 8.1. `cargo wb check 8.1` builds it and runs it in the
//! lab.

use given::checked;

include!(concat!(env!("OUT_DIR"), "/reference.rs"));

/// Arguments: names.
fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    checked::answers(&names, |words| {
        let parts = answers::reference::parse(words[0])?;
        let or_none = |part: Option<String>| part.unwrap_or("none".into());
        let (tag, digest) = (or_none(parts.tag), or_none(parts.digest));
        Ok(format!("host {}, repository {}, tag {tag}, digest {digest}", parts.host, parts.repository))
    })
}

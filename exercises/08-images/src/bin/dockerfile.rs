//! The program around an answer to exercise 8.4. `cargo wb check 8.4` builds it and runs it in the
//! lab.

use given::{Arguments, checked};

include!(concat!(env!("OUT_DIR"), "/dockerfile.rs"));

/// Arguments: Dockerfiles.
fn main() {
    let texts: Vec<String> = std::env::args().skip(1).collect();
    checked::answers(&texts, |words| {
        let found = answers::dockerfile::instructions(words[0])?;
        let shown = found.iter().map(|instruction| {
            let arguments = match &instruction.arguments {
                Arguments::Shell(text) => format!("shell {text:?}"),
                Arguments::Exec(words) => format!("exec {words:?}"),
            };
            format!("{} {} {arguments}", instruction.line, instruction.name)
        });
        Ok(shown.collect::<Vec<_>>().join("; "))
    })
}

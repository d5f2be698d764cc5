//! The program around an answer to exercise 7.4. `cargo wb check 7.4` builds it and runs it in the
//! lab.

use anyhow::{Result, bail};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/frames.rs"));

use answers::frames::{frame, unframe};

fn main() {
    let inputs: Vec<String> = std::env::args().skip(1).collect();
    checked::answers(&inputs, |words| match *words {
        ["frame", stream, text] => {
            let frame = frame(stream.parse()?, &bytes(text)?);
            let (header, rest) = frame.split_at(frame.len().min(8));
            let header: String = header.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(format!("{header} {}", format_bytes(rest)))
        }
        ["unframe", ref pieces @ ..] => {
            let mut received = Vec::new();
            let mut printed = Vec::new();
            for piece in pieces {
                received.extend(bytes(piece)?);
                let frames = unframe(&mut received)?;
                let one = |(stream, bytes): &(u8, Vec<u8>)| format!("{stream} {}", format_bytes(bytes));
                printed.push(match frames.is_empty() {
                    true => "nothing".to_string(),
                    false => frames.iter().map(one).collect::<Vec<_>>().join(", "),
                });
            }
            Ok(format!("{}; left: {}", printed.join("; "), received.len()))
        }
        _ => bail!("arguments"),
    })
}

/// The middle of many is left out.
fn format_bytes(bytes: &[u8]) -> String {
    match bytes.len() {
        0..40 => format!("\"{}\"", bytes.escape_ascii()),
        many => {
            let (first, last) = (bytes[..16].escape_ascii(), bytes[many - 16..].escape_ascii());
            format!("\"{first}…{last}\" ({many} bytes)")
        }
    }
}

/// From hexadecimal.
fn bytes(text: &str) -> Result<Vec<u8>> {
    (0..text.len() / 2).map(|at| Ok(u8::from_str_radix(&text[2 * at..2 * at + 2], 16)?)).collect()
}

use std::io::{PipeReader, Read};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// How much of a program's output is kept, in bytes; what comes after is read and dropped, so that
/// the program doesn't block on a full pipe.
const KEPT: usize = 16 * 1024;

/// How long to wait for the pipe's end after the lab's: every writer should be dead by then.
const PATIENCE: Duration = Duration::from_millis(500);

/// Reads what a program prints, stdout and stderr in the order they came.
#[derive(Debug)]
pub struct Output {
    text: Receiver<Vec<u8>>,
}

impl Output {
    pub fn collect(mut pipe: PipeReader) -> Output {
        let (sender, text) = channel();
        thread::spawn(move || {
            let mut kept = Vec::new();
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                let room = KEPT - kept.len();
                kept.extend_from_slice(&buffer[..length.min(room)]);
            }
            let _ = sender.send(kept);
        });
        Output { text }
    }

    /// All that was kept, once the program is gone; only the first call gets it.
    pub fn take_text(&mut self) -> String {
        let bytes = self.text.recv_timeout(PATIENCE).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_flood_is_read_to_its_end_and_cut() {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let mut output = Output::collect(reader);
        writer.write_all(&vec![b'x'; 10 * KEPT]).expect("the pipe is drained");
        drop(writer);
        assert_eq!(output.take_text().len(), KEPT);
    }
}

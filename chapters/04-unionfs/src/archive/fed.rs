//! A reader whose bytes a thread writes: an archive that is made while it is read.

use std::io::{self, PipeReader, PipeWriter, Read};
use std::thread::JoinHandle;

use anyhow::{Context, Result};

/// The reading end. Where the writer fails, the reader gets its error in place of the end.
pub struct Fed {
    pipe: PipeReader,
    writer: Option<JoinHandle<Result<()>>>,
}

impl Fed {
    /// Starts the writer.
    pub fn by(write: impl FnOnce(PipeWriter) -> Result<()> + Send + 'static) -> Result<Fed> {
        let (pipe, writer) = io::pipe().context("cannot make a pipe")?;
        Ok(Fed { pipe, writer: Some(std::thread::spawn(move || write(writer))) })
    }
}

impl Read for Fed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.pipe.read(buffer)? {
            0 => match self.writer.take().map(JoinHandle::join) {
                None | Some(Ok(Ok(()))) => Ok(0),
                Some(Ok(Err(error))) => Err(io::Error::other(format!("{error:#}"))),
                Some(Err(_)) => Err(io::Error::other("the thread that makes the archive panicked")),
            },
            length => Ok(length),
        }
    }
}

//! A blob on its way: what is on disk of it can be read while the rest comes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};

/// What one thread writes and another reads.
#[derive(Debug, Default)]
pub struct Growing {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The beginning of the file, once there is one.
    file: Option<File>,
    /// Whether all of it is there, and is what was promised.
    end: Option<bool>,
}

impl Growing {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is a file, and it will grow.
    pub fn begin(&self, path: &Path) -> Result<()> {
        self.state().file = Some(File::open(path).with_context(|| format!("cannot read {}", path.display()))?);
        self.changed.notify_all();
        Ok(())
    }

    /// There is more of it.
    pub fn has_grown(&self) {
        self.changed.notify_all();
    }

    /// There will be no more of it. Said once; what is said after that doesn't count.
    pub fn end(&self, is_whole: bool) {
        self.state().end.get_or_insert(is_whole);
        self.changed.notify_all();
    }

    /// Waits for the end: whether all of it is there, and is what was promised.
    pub fn wait(&self) -> bool {
        let ended = self.changed.wait_while(self.state(), |state| state.end.is_none());
        ended.unwrap_or_else(PoisonError::into_inner).end == Some(true)
    }

    // ANCHOR: follow
    /// Reads it from its beginning, and waits for what is not there yet. The end is reported only when
    /// the whole had the right digest; otherwise there is an error in its place. So nobody who reads to
    /// the end has read anything else than what was promised.
    pub fn follow(&self) -> impl Read + '_ {
        Follower { growing: self, file: None }
    }
    // ANCHOR_END: follow
}

struct Follower<'a> {
    growing: &'a Growing,
    file: Option<File>,
}

impl Read for Follower<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.growing.state();
        loop {
            let end = state.end;
            if self.file.is_none() {
                self.file = state.file.take();
            }
            // What is read after the end was told is all that there is.
            if let Some(file) = &mut self.file {
                match file.read(buffer)? {
                    0 => {}
                    length => return Ok(length),
                }
            }
            match end {
                Some(true) if self.file.is_some() => return Ok(0),
                Some(_) => return Err(io::Error::other("the blob did not come whole")),
                None => state = self.growing.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_end_is_told_only_when_the_whole_is_right() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("blob");
        for is_whole in [true, false] {
            let growing = Growing::default();
            let mut file = File::create(&path).unwrap();
            let read = std::thread::scope(|scope| {
                let reader = scope.spawn(|| {
                    let mut text = String::new();
                    growing.follow().read_to_string(&mut text).map(|_| text)
                });
                growing.begin(&path).unwrap();
                for part in ["one ", "two ", "three"] {
                    file.write_all(part.as_bytes()).unwrap();
                    growing.has_grown();
                }
                growing.end(is_whole);
                growing.end(!is_whole);
                reader.join().unwrap()
            });
            assert_eq!(read.ok().as_deref(), is_whole.then_some("one two three"));
            assert_eq!(growing.wait(), is_whole);
        }
    }
}

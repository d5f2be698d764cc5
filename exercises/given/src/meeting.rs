use std::io::{PipeReader, PipeWriter, Read, Write, pipe};

use anyhow::{Context, Result};

/// Where the host and the container wait for each other, once: the container has its namespaces
/// then, and goes on when the host has plugged it in.
#[derive(Debug)]
pub struct Meeting {
    container: Option<(PipeReader, PipeWriter)>,
    host: Option<(PipeReader, PipeWriter)>,
}

impl Meeting {
    /// Before the fork. Each process drops what is the other one's, so that it hears of its end.
    pub fn new() -> Result<Meeting> {
        let (host_hears, container_says) = pipe().context("a pipe between container and host")?;
        let (container_hears, host_says) = pipe().context("a pipe between container and host")?;
        Ok(Meeting { container: Some((container_hears, container_says)), host: Some((host_hears, host_says)) })
    }

    /// In the container: tells the host that we are ready, and waits until it lets us go on. If the
    /// host has failed, it says so itself, and this process ends.
    pub fn ask_host(&mut self) -> Result<()> {
        self.host = None;
        let (mut hears, mut says) = self.container.take().context("they meet once")?;
        says.write_all(b"!").context("telling the host that the container is ready")?;
        match hears.read_exact(&mut [0]) {
            Ok(()) => Ok(()),
            Err(_) => crate::exit(125),
        }
    }

    /// On the host: waits until the container is ready. `false` when it has ended, with an error of
    /// its own.
    pub fn wait_for_container(&mut self) -> Result<bool> {
        self.container = None;
        let (hears, _) = self.host.as_mut().context("they meet once")?;
        Ok(hears.read(&mut [0]).context("waiting for the container")? == 1)
    }

    /// On the host: the container goes on.
    pub fn let_go(&mut self) -> Result<()> {
        let (_, mut says) = self.host.take().context("they meet once")?;
        says.write_all(b"!").context("telling the container to go on")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_ends_before_the_meeting_is_noticed() -> Result<()> {
        let mut meeting = Meeting::new()?;
        assert!(!meeting.wait_for_container()?, "nobody has the container's ends");
        Ok(())
    }
}

//! Tells when a file is saved, however an editor does that: inotify(7) on the directory that the
//! file lies in, since many write another file and rename it into place.

use std::ffi::OsString;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent};

/// One save makes several events, and formatters save again: it is over when nothing has come for
/// so long.
const QUIET: Duration = Duration::from_millis(100);

/// Whoever never stops saving is checked all the same.
const AT_MOST: Duration = Duration::from_secs(1);

/// A watched file.
#[derive(Debug)]
pub struct Files {
    inotify: Inotify,
    file: PathBuf,
    /// What counts, in the directories that are watched: the file's name, and that of what it is a
    /// link to.
    names: Vec<OsString>,
    /// Some directory is not watched, or no longer.
    incomplete: bool,
}

impl Files {
    pub fn watch(file: &Path) -> Result<Files> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).map_err(explained)?;
        let mut files = Files { inotify, file: file.to_path_buf(), names: Vec::new(), incomplete: true };
        files.complete()?;
        Ok(files)
    }

    /// Whether the file has been saved since the last call.
    pub fn changed(&mut self) -> Result<bool> {
        let events = match self.inotify.read_events() {
            Ok(events) => events,
            Err(Errno::EAGAIN | Errno::EINTR) => Vec::new(),
            Err(error) => return Err(error).context("inotify"),
        };
        self.incomplete |= events.iter().any(|event| says_goodbye(event.mask));
        let came_back = self.incomplete && self.complete()?;
        Ok(came_back || events.iter().any(|event| self.is_about_us(event)))
    }

    /// Whether somebody has to ask again after a while, because the directory is missing and can't
    /// say when it is back.
    pub fn must_be_asked(&self) -> bool {
        self.incomplete
    }

    /// Watches the directories that are there. Whether all are, and weren't before.
    fn complete(&mut self) -> Result<bool> {
        let real = fs::canonicalize(&self.file).ok();
        let mut names = Vec::new();
        for path in [Some(&self.file), real.as_ref()].into_iter().flatten() {
            let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { continue };
            let saves = AddWatchFlags::IN_CLOSE_WRITE | AddWatchFlags::IN_MOVED_TO;
            let leaves = AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_MOVE_SELF | AddWatchFlags::IN_ONLYDIR;
            match self.inotify.add_watch(directory, saves | leaves) {
                Ok(_) => names.push(name.to_os_string()),
                Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(false),
                Err(error) => return Err(explained(error)),
            }
        }
        self.names = names;
        Ok(std::mem::replace(&mut self.incomplete, false))
    }

    fn is_about_us(&self, event: &InotifyEvent) -> bool {
        // After an overflow nobody knows what it was.
        event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW)
            || event.name.as_ref().is_some_and(|name| self.names.contains(name))
    }
}

impl AsFd for Files {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

fn says_goodbye(mask: AddWatchFlags) -> bool {
    mask.intersects(AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_MOVE_SELF | AddWatchFlags::IN_IGNORED)
}

fn explained(error: Errno) -> anyhow::Error {
    let cure = match error {
        Errno::EMFILE => "; this user watches too much: sudo sysctl fs.inotify.max_user_instances=512",
        Errno::ENOSPC => "; this user watches too much: sudo sysctl fs.inotify.max_user_watches=524288",
        _ => "",
    };
    anyhow::anyhow!("inotify: {error}{cure}")
}

/// Events that belong together.
#[derive(Debug, Default)]
pub struct Burst {
    first_and_last: Option<(Instant, Instant)>,
}

impl Burst {
    pub fn note(&mut self, now: Instant) {
        let first = self.first_and_last.map_or(now, |(first, _)| first);
        self.first_and_last = Some((first, now));
    }

    /// How long until it is over; `None` when there is none.
    pub fn left(&self, now: Instant) -> Option<Duration> {
        let (first, last) = self.first_and_last?;
        Some((last + QUIET).min(first + AT_MOST).saturating_duration_since(now))
    }

    /// Whether it is over. It is told once.
    pub fn is_over(&mut self, now: Instant) -> bool {
        let over = self.left(now) == Some(Duration::ZERO);
        if over {
            self.first_and_last = None;
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Place {
            let directory = std::env::temp_dir().join(format!("wb-watch-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&directory);
            fs::create_dir_all(directory.join("ex")).expect("a temporary directory");
            Place(directory)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join("ex").join(name)
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.path(name), text).expect("write");
        }

        fn watched(&self) -> Files {
            self.write("a.rs", "1");
            Files::watch(&self.path("a.rs")).expect("inotify")
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_save_is_seen_once_and_reading_is_none() {
        let place = Place::new("save");
        let mut files = place.watched();
        assert!(!files.changed().expect("events"));
        place.write("a.rs", "2");
        assert!(files.changed().expect("events") && !files.changed().expect("events"));
        fs::read(place.path("a.rs")).expect("read");
        assert!(!files.changed().expect("events"));
    }

    #[test]
    fn a_save_by_rename_is_seen_every_time() {
        let place = Place::new("rename");
        let mut files = place.watched();
        for _ in 0..3 {
            place.write(".a.rs.swp", "2");
            assert!(!files.changed().expect("events"), "another file is not ours");
            fs::rename(place.path(".a.rs.swp"), place.path("a.rs")).expect("rename");
            assert!(files.changed().expect("events"));
        }
    }

    #[test]
    fn a_link_is_followed_to_the_file() {
        let place = Place::new("link");
        fs::create_dir(place.0.join("elsewhere")).expect("a directory");
        let real = place.0.join("elsewhere/mine.rs");
        fs::write(&real, "1").expect("write");
        std::os::unix::fs::symlink(&real, place.path("a.rs")).expect("a link");
        let mut files = Files::watch(&place.path("a.rs")).expect("inotify");
        fs::write(&real, "2").expect("write");
        assert!(files.changed().expect("events"));
    }

    #[test]
    fn a_directory_that_goes_and_comes_back_is_watched_again() {
        let place = Place::new("directory");
        let mut files = place.watched();
        fs::remove_dir_all(place.0.join("ex")).expect("remove");
        assert!(!files.changed().expect("events") && files.must_be_asked());
        fs::create_dir(place.0.join("ex")).expect("a directory");
        place.write("a.rs", "2");
        assert!(files.changed().expect("events"), "it is another one now");
        place.write("a.rs", "3");
        assert!(files.changed().expect("events") && !files.must_be_asked());
    }

    #[test]
    fn a_burst_is_over_once_when_it_is_quiet_or_long_enough() {
        let begun = Instant::now();
        let mut burst = Burst::default();
        assert!(burst.left(begun).is_none() && !burst.is_over(begun));
        burst.note(begun);
        burst.note(begun + QUIET / 2);
        assert!(!burst.is_over(begun + QUIET));
        assert!(burst.is_over(begun + 2 * QUIET) && !burst.is_over(begun + 3 * QUIET));
        for number in 0..=20 {
            burst.note(begun + QUIET / 2 * number);
        }
        assert!(burst.is_over(begun + AT_MOST));
    }
}

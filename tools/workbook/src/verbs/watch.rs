//! `cargo wb watch [ID]`: checks again on each save.

mod checking;
mod controls;
mod files;
mod keys;

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anyhow::Result;
use doctor::Verdict;
use exercise::Exercise;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use self::checking::Checking;
use self::controls::{Controls, somebody_is_there};
use self::files::{Burst, Files};
use self::keys::Key;
use super::{hint, named_or_next, next_after};
use crate::checkout::Checkout;
use crate::paint::Paint;
use crate::progress::Progress;
use crate::{Exit, print};

/// How often to look whether a directory that was removed is back.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Set for the checks that a watch starts: their reader has keys.
pub const VARIABLE: &str = "CORACLE_WATCHED";

pub const HINT_KEY: &str = "press h";

/// Whether this process is a check of a watch that hears keys.
pub fn is_watching() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

pub const HELP: &str = "\
Keys, without Enter: h one more hint, n the next exercise, c check again,
q quit. A save during a check gives that check up. Without a terminal it checks
on each save, until a signal ends it.

Exit codes: 0 after q, 3 where this machine refuses what checks need, 128+N when
signal N ended it (130 for Ctrl-C).";

pub fn run(checkout: &Checkout, id: Option<&str>) -> Result<Exit> {
    let exercise = named_or_next(checkout, &Progress::load(checkout)?, id)?;
    if doctor::examine().verdict() != Verdict::Ready {
        eprintln!(
            "cargo wb: this machine refuses what checks need, so there is nothing to watch.\n\
             Why, and what helps: cargo wb doctor.  After a save: cargo wb check --vm {}",
            exercise.id
        );
        return Ok(Exit::Blocked);
    }
    let files = Files::watch(&checkout.path(exercise.file()))?;
    let keys = somebody_is_there();
    if !keys {
        eprintln!("cargo wb: no terminal, so no keys: checks on each save, until Ctrl-C or another signal");
    }
    let controls = Controls::take(keys)?;
    let mut watch =
        Watch { checkout, exercise, files, burst: Burst::default(), checking: None, hint_wanted: false, controls };
    watch.check()?;
    let end = watch.until_the_end();
    if watch.checking.take().is_some() && keys {
        // A check that is given up may leave a line that says what it waits for.
        print("\r\x1b[K")?;
    }
    end
}

struct Watch<'a> {
    checkout: &'a Checkout,
    exercise: &'static Exercise,
    files: Files,
    burst: Burst,
    checking: Option<Checking>,
    /// A hint was asked for while a check runs; both keep what was seen in one file.
    hint_wanted: bool,
    /// Given back last, when the check is no more.
    controls: Controls,
}

impl Watch<'_> {
    fn until_the_end(&mut self) -> Result<Exit> {
        loop {
            let typed = self.wait()?;
            while let Some(signal) = self.controls.signal() {
                match signal {
                    Signal::SIGCHLD => {}
                    Signal::SIGTSTP => {
                        self.controls.stop();
                        self.say_what_is_watched()?;
                    }
                    signal => return Ok(Exit::Command(128 + signal as u8)),
                }
            }
            if typed {
                for key in keys::typed() {
                    match key {
                        Key::Quit => return Ok(Exit::Well),
                        Key::Hint => self.hint_wanted = true,
                        Key::Again => self.check()?,
                        Key::Next => self.next()?,
                        Key::Help => self.say_what_is_watched()?,
                    }
                }
            }
            if self.files.changed()? {
                self.burst.note(Instant::now());
            }
            if self.burst.is_over(Instant::now()) {
                self.check()?;
            }
            if self.checking.as_mut().is_some_and(Checking::has_ended) {
                self.checking = None;
                self.say_what_is_watched()?;
            }
            if self.hint_wanted && self.checking.is_none() {
                self.hint_wanted = false;
                print("\n")?;
                hint::run(self.checkout, Some(self.exercise.id))?;
                self.say_what_is_watched()?;
            }
        }
    }

    /// Until something happens. Whether something was typed.
    fn wait(&self) -> Result<bool> {
        let again = self.files.must_be_asked().then_some(LOOK_AGAIN);
        let until = [self.burst.left(Instant::now()), again].into_iter().flatten().min();
        // Rounded up, or the last millisecond would be spent in a thousand looks.
        let until = until.map_or(PollTimeout::NONE, |left| PollTimeout::from(left.as_millis() as u16 + 1));
        let stdin = io::stdin();
        let mut ready = vec![
            PollFd::new(self.controls.signals(), PollFlags::POLLIN),
            PollFd::new(self.files.as_fd(), PollFlags::POLLIN),
        ];
        if self.controls.keys() {
            ready.push(PollFd::new(stdin.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut ready, until) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(ready.get(2).and_then(PollFd::any).unwrap_or_default())
    }

    /// Checks from the beginning; one that runs is given up.
    fn check(&mut self) -> Result<()> {
        self.checking = None;
        let paint = Paint::for_stdout();
        if paint.is_on() {
            // What scrolled away before stays to be scrolled back to.
            print("\x1b[H\x1b[2J")?;
        }
        let title = format!("{} {}", self.exercise.id, self.exercise.title);
        print(&format!("{}\n\n", paint.faint(format!("Checking {title} …"))))?;
        let keys = self.controls.keys();
        let started = self.controls.aside(|| Checking::start(self.checkout.top(), self.exercise.id, keys));
        self.checking = Some(started?);
        Ok(())
    }

    fn next(&mut self) -> Result<()> {
        match next_after(self.checkout, &Progress::load(self.checkout)?, self.exercise)? {
            Some(exercise) => {
                self.files = Files::watch(&self.checkout.path(exercise.file()))?;
                self.exercise = exercise;
                self.burst = Burst::default();
                self.hint_wanted = false;
                self.check()
            }
            None => print("\nThere is no other one that hasn't passed.\n"),
        }
    }

    fn say_what_is_watched(&self) -> Result<()> {
        let paint = Paint::for_stdout();
        print(&format!("\n{}\n", paint.faint(format!("Watching {}", self.exercise.file().display()))))?;
        if self.controls.keys() { print(&format!("{}\n", paint.faint(keys::WHICH))) } else { Ok(()) }
    }
}

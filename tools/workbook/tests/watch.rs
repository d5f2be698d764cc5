//! `cargo wb watch` at a terminal, which script(1) makes: what is typed into its stdin is typed
//! there. The small checkout can't be built, so that each check ends at once and says so.

#[allow(dead_code)] // half of it is for the other verbs
mod checkout;

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::Result;
use checkout::{Checkout, EXERCISE, WORKBOOK};
use lab::observe;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn main() -> ExitCode {
    testkit::run(testkit::cases![
        a_save_is_checked_and_keys_are_heard_without_enter,
        the_terminal_is_as_it_was_whatever_ends_it,
        without_a_terminal_it_checks_on_each_save_until_a_signal,
    ])
}

const CHECKED: &str = "can't be built here";
const KEYS: &str = "q quit";

/// A program whose output is read as it comes.
struct Program {
    child: Child,
    said: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
    /// How much of what it said has been waited for.
    seen: usize,
}

impl Program {
    /// A shell's command line on a new terminal. `WB` in it becomes the workbook.
    fn at_a_terminal(checkout: &Checkout, line: &str) -> Program {
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line.replace("WB", WORKBOOK), "/dev/null"]);
        command.env("SHELL", "/bin/sh").env("TERM", "xterm").env_remove("NO_COLOR");
        Program::start(checkout, command)
    }

    fn start(checkout: &Checkout, mut command: Command) -> Program {
        command.current_dir(&checkout.0).env_remove("CARGO_TARGET_DIR");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let mut stdout = child.stdout.take().expect("a pipe");
        let said = Arc::new(Mutex::new(String::new()));
        let kept = said.clone();
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = stdout.read(&mut buffer) {
                kept.lock().expect("no panic").push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
        });
        Program { child, said, reader, seen: 0 }
    }

    fn types(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("a pipe");
        stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()).expect("it is typed");
    }

    /// Waits until it has said `text`, after what was waited for before.
    fn says(&mut self, text: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let said = self.said.lock().expect("no panic").clone();
            if let Some(place) = said[self.seen..].find(text) {
                self.seen += place + text.len();
                return;
            }
            assert!(Instant::now() < end, "{text:?} never came: {said}");
            sleep(Duration::from_millis(10));
        }
    }

    fn ends(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it ends");
        self.reader.join().expect("no panic");
        let said = self.said.lock().expect("no panic").clone();
        (status.code(), said)
    }

    /// The number of the workbook that watches.
    fn watcher(&self) -> Pid {
        let is_it = |pid: &i32| {
            fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| line.starts_with(WORKBOOK.as_bytes()) && line.ends_with(b"watch\x001.2\0"))
        };
        let own = self.child.id() as i32;
        let all = observe::descendants(own).into_iter().chain([own]);
        Pid::from_raw(all.into_iter().find(is_it).expect("it runs"))
    }
}

/// A save as many editors do it.
fn save(checkout: &Checkout) {
    checkout.write("exercises/01-namespaces/.hostname.rs.new", "fn another() {}\n");
    fs::rename(checkout.0.join("exercises/01-namespaces/.hostname.rs.new"), checkout.0.join(EXERCISE)).expect("rename");
}

fn a_save_is_checked_and_keys_are_heard_without_enter() -> Result<()> {
    let checkout = Checkout::new("watch-keys");
    let mut watch = Program::at_a_terminal(&checkout, "WB watch");
    watch.says("Checking 1.2");
    watch.says(CHECKED);
    watch.says(KEYS);
    save(&checkout);
    watch.says("Checking 1.2");
    watch.says(CHECKED);
    watch.says(KEYS);
    watch.types("h");
    watch.says("Hint 1 of");
    watch.says(KEYS);
    watch.types("n");
    watch.says("Checking 1.3a");
    watch.says(KEYS);
    watch.types("c");
    watch.says("Checking 1.3a");
    watch.types("q");
    let (code, said) = watch.ends();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.lines().all(|line| !line.contains("Watching") || line.trim().len() <= 80), "{said}");
    Ok(())
}

fn the_terminal_is_as_it_was_whatever_ends_it() -> Result<()> {
    for (how, code) in [("q", 0), ("\x03", 130), ("\x04", 0), ("TERM", 143), ("HUP", 129)] {
        let checkout = Checkout::new("watch-ends");
        let mut watch = Program::at_a_terminal(&checkout, "trap : INT; stty -g; WB watch 1.2; echo code $?; stty -g");
        watch.says(KEYS);
        match how {
            "TERM" => kill(watch.watcher(), Signal::SIGTERM).expect("kill"),
            "HUP" => kill(watch.watcher(), Signal::SIGHUP).expect("kill"),
            key => watch.types(key),
        }
        watch.says(&format!("code {code}"));
        let (_, said) = watch.ends();
        let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.first(), lines.last(), "after {how:?}: {said}");
    }
    Ok(())
}

fn without_a_terminal_it_checks_on_each_save_until_a_signal() -> Result<()> {
    let checkout = Checkout::new("watch-pipe");
    let mut command = Command::new(WORKBOOK);
    command.args(["watch", "1.2"]);
    let mut watch = Program::start(&checkout, command);
    watch.says(CHECKED);
    watch.says("Watching");
    save(&checkout);
    watch.says(CHECKED);
    watch.says("Watching");
    kill(watch.watcher(), Signal::SIGTERM).expect("kill");
    let (code, said) = watch.ends();
    assert_eq!(code, Some(143), "{said}");
    assert!(!said.contains('\x1b') && !said.contains(KEYS), "{said}");
    Ok(())
}

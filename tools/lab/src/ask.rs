//! Asking for a lab: the builder, and where the process that becomes the lab turns off.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::limits::Limits;
use crate::request::Request;
use crate::{observe, outer};

/// `argv[0]` of a process that shall become a lab; the words of the [`Request`] follow, then the
/// program and its arguments. No environment variable: the caller may well clear the environment of
/// the program.
const LAB: &str = "coracle-lab";

static OUR_MAIN_TURNS_OFF: AtomicBool = AtomicBool::new(false);

/// Must be the first line of `main` in every program that starts labs: a lab is entered by starting
/// the same program again, in a fresh single-threaded process, and this call is where that process
/// turns off. It doesn't return there.
pub fn enter_if_asked() {
    OUR_MAIN_TURNS_OFF.store(true, Ordering::Relaxed);
    let mut args = std::env::args_os();
    match args.next() {
        Some(role) if role == LAB => {}
        Some(role) if role == observe::HOSTNAME_READER => observe::read_hostname_and_exit(args.collect()),
        _ => return,
    }
    let request = Request::from_words(&mut args).expect("only Lab::command writes this");
    outer::run(request, args.collect())
}

/// A lab to be: who one is inside, how long, how much, and what of the machine is seen.
#[derive(Debug, Clone, Default)]
pub struct Lab {
    request: Request,
}

impl Lab {
    /// A lab in which one is root: for an ordinary user, uid 0 of a user namespace.
    pub fn new() -> Lab {
        Lab::default()
    }

    /// A lab in which one is who one was outside: an ordinary user keeps uid and gid and the program
    /// has no capabilities; root stays root.
    pub fn as_caller() -> Lab {
        Lab { request: Request { as_caller: true, ..Request::default() } }
    }

    /// After this time everything in the lab is killed; the exit status is then
    /// [`TIME_IS_UP`](crate::TIME_IS_UP).
    pub fn time_limit(mut self, limit: Duration) -> Lab {
        self.request.time_limit = Some(limit);
        self
    }

    /// Limits on memory and processes.
    pub fn limits(mut self, limits: Limits) -> Lab {
        self.request.limits = limits;
        self
    }

    /// Keeps a file or directory visible (read-only) that lies where the lab has an empty directory of
    /// its own: under /tmp, /var/tmp, /run or /dev/shm. The working directory, this executable, the
    /// program, and cargo's package are kept unasked, each with the checkout that it lies in.
    pub fn visible(mut self, path: impl Into<PathBuf>) -> Lab {
        self.request.visible.push(path.into().into());
        self
    }

    /// Keeps a file or directory writable: what the lab writes there is there on the machine.
    pub fn writable(mut self, path: impl Into<PathBuf>) -> Lab {
        self.request.writable.push(path.into().into());
        self
    }

    /// Makes the lab's mounts `shared`, as systemd leaves those of a real machine (without this:
    /// `private`). They are shared within the lab only: a container in it that forgets to make its
    /// mounts private is seen to leak into the lab.
    pub fn shared_mounts(mut self) -> Lab {
        self.request.shared_mounts = true;
        self
    }

    /// Gives the lab a cgroup of its own in each hierarchy where this user may make one, as the root
    /// that it sees and may write to. What is made there is removed with the lab. On v2 the lab's
    /// processes are in the leaf `inside`, so that controllers can be enabled.
    pub fn own_cgroups(mut self) -> Lab {
        self.request.own_cgroups = true;
        self
    }

    /// A command that runs `program` in the lab; add arguments, environment and stdio as usual. Its
    /// exit status is the program's, 128+N when signal N ended it, 124 when time was up, 126 and 127
    /// when the program isn't executable or not there, 125 when the lab can't be entered (stderr says
    /// why, and the cure).
    ///
    /// Killing the started process, or the death of this one, ends everything in the lab.
    ///
    /// # Panics When `main` didn't begin with [`enter_if_asked`]: the command would start the whole
    /// program again instead of a lab.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        assert!(
            OUR_MAIN_TURNS_OFF.load(Ordering::Relaxed),
            "a program that starts labs must call lab::enter_if_asked() in the first line of its main"
        );
        let request = Request { launcher: std::process::id() as i32, ..self.request.clone() };
        let mut command = Command::new("/proc/self/exe");
        command.arg0(LAB).args(request.words()).arg(program);
        command
    }
}

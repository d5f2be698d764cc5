//! What a shim is asked, and what it answers: one message each way, over a SEQPACKET socket, with
//! descriptors.

use ch01_namespaces::Failure;
use ch01_namespaces::explain::Step;
use serde::{Deserialize, Serialize};

use crate::detach_keys::DetachKeys;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Attach the stream socket that comes along: the container's output goes there in Docker's frames
    /// (raw from a terminal), and what comes from there is its input.
    Attach(Attach),
    /// Open the start gate.
    Start,
    /// [`Reply::Step`] has been told.
    Told,
    /// Send a signal; `is_stop` says that somebody wants it to end, so that no policy starts it again.
    Signal {
        /// Its number.
        signal: i32,
        /// See above.
        is_stop: bool,
    },
    /// Answer when the container has ended, and is not started again.
    Wait,
    /// Run one more command. A stream socket may come along, as for an attach.
    Exec(ExecRequest),
    /// What became of it.
    ExecState(String),
    /// Answer when it has ended.
    ExecWait(String),
    /// The size of a terminal: the container's, or an exec's.
    Resize {
        /// Whose.
        exec: Option<String>,
        /// In letters.
        columns: u16,
        /// In lines.
        rows: u16,
    },
}

/// What a client that attaches wants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attach {
    /// Whether what comes from the socket is input.
    pub stdin: bool,
    /// Whether stdout goes there.
    pub stdout: bool,
    /// Whether stderr goes there.
    pub stderr: bool,
    /// Input that came before, and was read from the socket already.
    pub early: Vec<u8>,
    /// The keys that end it, if the shim is to look for them in a terminal's input. (Our own client
    /// does it itself.)
    pub detach_keys: Option<DetachKeys>,
}

impl Attach {
    /// Both streams of output; and with `stdin` the input.
    pub fn output_and(stdin: bool) -> Attach {
        Attach { stdin, stdout: true, stderr: true, ..Attach::default() }
    }
}

/// One more command in a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecRequest {
    /// 64 hexadecimal digits.
    pub id: String,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// `NAME=VALUE`, besides the container's own.
    pub env: Vec<String>,
    /// Where it starts; the container's own if empty.
    pub working_dir: String,
    /// `USER[:GROUP]`; the container's own if empty.
    pub user: String,
    /// Whether it has a terminal of its own.
    pub tty: bool,
    /// Whether what comes from the socket is input.
    pub stdin: bool,
    /// All powers, whatever the container has.
    pub privileged: bool,
    /// The terminal's size, if it is known.
    pub size: Option<(u16, u16)>,
    /// See [`Attach::detach_keys`].
    #[serde(default)]
    pub detach_keys: Option<DetachKeys>,
    /// Whether the steps are to be told, before the answer.
    #[serde(default)]
    pub explain: bool,
    /// Input that came before, and was read from the socket already.
    #[serde(default)]
    pub early: Vec<u8>,
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecState {
    /// As the host counts.
    pub pid: i32,
    /// Its exit status; `None` while it runs.
    pub exit_code: Option<u8>,
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Reply {
    /// Done.
    Done,
    /// The container has ended with this status.
    Ended {
        /// Its exit status.
        code: u8,
    },
    /// Of a command.
    Exec(ExecState),
    /// A step on the way to the answer, to be told. While a container is made, the shim goes on when it
    /// has been.
    Step(Step),
    /// It can't be done.
    Failed(Failure),
}

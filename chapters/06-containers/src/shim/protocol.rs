//! What a shim is asked, and what it answers: one message each way, over a SEQPACKET socket, with
//! descriptors.

use ch01_namespaces::Failure;
use serde::{Deserialize, Serialize};

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Attach the stream socket that comes along: the container's output goes there in Docker's frames
    /// (raw from a terminal), and what comes from there is its input.
    Attach {
        /// Whether what comes from the socket is input.
        stdin: bool,
        /// Whether stdout goes there.
        stdout: bool,
        /// Whether stderr goes there.
        stderr: bool,
        /// Input that came before, and was read from the socket already.
        early: Vec<u8>,
    },
    /// Open the start gate.
    Start,
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
    /// It can't be done.
    Failed(Failure),
}

//! The narration's words for this chapter's steps.

use ch01_namespaces::Why;

const RECORD: &str = "6.1 A container's record and its runs";
const SHIM: &str = "6.2 The shim: a container's parent process";
const LOGS: &str = "6.3 Logs";
const CAPABILITIES: &str = "6.8 Capabilities";
const SECCOMP: &str = "6.10 System calls: seccomp";
const USERS: &str = "6.11 Users and no_new_privs";
const TERMINALS: &str = "6.4 Terminals";
const IPC: &str = "1.6 IPC namespaces";
const MASKS: &str = "6.9 Masked and read-only paths";

/// A container that has no process yet.
pub static MAKE_RECORD: Why = Why::new("a container's record: name, configuration, status", RECORD);

/// What it becomes and became.
pub static CHANGE_RECORD: Why = Why::new("the new status, in a file that replaces the old one whole", RECORD)
    .as_shell(|args| Some(format!("mv {} {}", args.first()?, args.get(1)?)));

/// Where its changes go.
pub static MAKE_LAYER: Why =
    Why::new("the container's own layer, on those of its image", "4.8 The layer store: locks, crashes and cleanup");

/// The parent.
pub static START_SHIM: Why = Why::new("the shim: the container's parent, which outlives this command", SHIM)
    .as_shell(|args| Some(format!("setsid {} &", args.join(" "))));

/// The parent is nobody's child.
pub static LEAVE_STARTER: Why = Why::new("the command waits only for this one; its child goes on", SHIM);

/// Ctrl-C in the starter's terminal is none of its business.
pub static LEAVE_SESSION: Why = Why::new("a session of its own: no terminal's signals reach the shim", SHIM)
    .as_shell(|_| Some("setsid COMMAND".into()));

/// The door for everybody else.
pub static LISTEN: Why = Why::new("here others reach the shim: attach, exec, stop, wait", SHIM);

/// Streams.
pub static MAKE_STREAMS: Why = Why::new("the container's stdin, stdout, stderr; the shim has our ends", SHIM);

/// The log.
pub static OPEN_LOG: Why = Why::new("the container's output, with or without a client", LOGS);

/// The gate.
pub static READY: Why = Why::new("the container is made, and waits at its start gate", SHIM);

/// A client.
pub static ATTACH: Why = Why::new("attaches: one end of a socket pair goes to the shim", SHIM);

/// Go.
pub static OPEN_GATE: Why = Why::new("now that nothing can be missed: let the command run", SHIM);

/// The caller's own terminal.
pub static RAW_MODE: Why = Why::new("raw mode: from here on the container's terminal gets the keys", TERMINALS)
    .as_shell(|_| Some("stty raw -echo".into()));

/// The powers that go.
pub static DROP_CAPABILITIES: Why = Why::new("drops root's capabilities, except those that are kept", CAPABILITIES)
    .as_shell(|args| Some(format!("setpriv --bounding-set={0} --inh-caps=-all {1}", args.first()?, "COMMAND")));

/// The filter.
pub static FILTER: Why = Why::new("from here on the kernel filters each system call", SECCOMP);

/// As whom the command runs.
pub static BECOME: Why = Why::new("changes to the container's user; the groups first, because only root may", USERS)
    .as_shell(|args| Some(format!("setpriv --reuid={} --regid={} COMMAND", args.first()?, args.get(1)?)));

/// The promise of prctl(2).
pub static NO_NEW_PRIVILEGES: Why = Why::new("no program that is executed gains privileges", USERS)
    .as_shell(|_| Some("setpriv --no-new-privs COMMAND".into()));

/// A terminal of its own.
pub static TERMINAL: Why = Why::new("opens a terminal in the container's own devpts", TERMINALS);

/// The terminal, at the place where programs complain.
pub static CONSOLE: Why = Why::new("the container's terminal is also its console", TERMINALS);

/// Shared memory of others.
pub static SHARE_MEMORY: Why = Why::new("shares POSIX shared memory, as the IPC namespace is shared", IPC);

/// A path that is covered.
pub static MASK: Why = Why::new("masked: this path shows the machine, not the container", MASKS);

/// A path that may be read.
pub static PROTECT: Why = Why::new("from here on this path is read-only", MASKS);

/// A further device.
pub static MAKE_DEVICE: Why = Why::new("makes a device of --device", MASKS)
    .as_shell(|args| Some(format!("mknod ROOT{} {}", args.first()?, args.get(1)?)));

/// The same for an ordinary user.
pub static BIND_DEVICE: Why =
    Why::new("mounts the host's device, because a user namespace may not make devices", MASKS)
        .as_shell(|args| Some(format!("mount --bind {0} ROOT{0}", args.first()?)));

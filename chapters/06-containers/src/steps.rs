//! The narration's words for this chapter's steps.

use ch01_namespaces::Why;

const CAPABILITIES: &str = "6.8 Capabilities";
const SECCOMP: &str = "6.10 System calls: seccomp";
const USERS: &str = "6.11 Users and no_new_privs";
const TERMINALS: &str = "6.4 Terminals";
const IPC: &str = "1.6 IPC namespaces";
const MASKS: &str = "6.9 Masked and read-only paths";

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
pub static SHARE_MEMORY: Why =
    Why::new("who shares the IPC namespace shares the files of POSIX shared memory as well", IPC);

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

//! The narration's words for this chapter's steps.

use ch01_namespaces::Why;

const CAPABILITIES: &str = "6.8 Capabilities";
const SECCOMP: &str = "6.10 System calls: seccomp";
const USERS: &str = "6.11 Users and no_new_privs";
const TERMINALS: &str = "6.4 Terminals";
const MASKS: &str = "6.9 Masked and read-only paths";

/// The powers that go.
pub static DROP_CAPABILITIES: Why = Why::new("root's powers, but for those that stay", CAPABILITIES)
    .as_shell(|args| Some(format!("setpriv --bounding-set={0} --inh-caps=-all {1}", args.first()?, "COMMAND")));

/// The filter.
pub static FILTER: Why = Why::new("from here on the kernel looks at each system call", SECCOMP);

/// As whom the command runs.
pub static BECOME: Why = Why::new("as whom it runs; groups first, while we may", USERS)
    .as_shell(|args| Some(format!("setpriv --reuid={} --regid={} COMMAND", args.first()?, args.get(1)?)));

/// The promise of prctl(2).
pub static NO_NEW_PRIVILEGES: Why = Why::new("no program that is executed gains anything", USERS)
    .as_shell(|_| Some("setpriv --no-new-privs COMMAND".into()));

/// A terminal of its own.
pub static TERMINAL: Why = Why::new("a terminal of the container's own, from its own devpts", TERMINALS);

/// The terminal, at the place where programs complain.
pub static CONSOLE: Why = Why::new("the container's own terminal is its console, too", TERMINALS);

/// A path that is covered.
pub static MASK: Why = Why::new("covered: it shows the machine, not the container", MASKS);

/// A path that may be read.
pub static PROTECT: Why = Why::new("from here on it can only be read", MASKS);

/// A further device.
pub static MAKE_DEVICE: Why = Why::new("a device that was asked for", MASKS)
    .as_shell(|args| Some(format!("mknod ROOT{} {}", args.first()?, args.get(1)?)));

/// The same for an ordinary user.
pub static BIND_DEVICE: Why = Why::new("the host's device: a user namespace may make none", MASKS)
    .as_shell(|args| Some(format!("mount --bind {0} ROOT{0}", args.first()?)));

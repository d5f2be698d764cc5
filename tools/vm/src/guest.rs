//! What runs in the guest: scripts, since the guest has the machine's own bash and nothing of ours.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::quote::quoted;
use crate::user::User;

/// Where the guest sees the run's directory.
pub(crate) const SHARED: &str = "/run/coracle-vm";

/// Where the guest sees the machine's directories that are written through to it, one numbered
/// directory each.
pub(crate) const WRITABLE: &str = "/run/coracle-vm-writable";

/// Host name of the guest.
pub(crate) const NAME: &str = "vm";

/// What the guest shall be like when the command starts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    pub directory: PathBuf,
    pub environment: Vec<(OsString, OsString)>,
    /// Directories that the guest's own file systems cover, and that must be seen.
    pub uncovered: Vec<PathBuf>,
    /// Directories that are written through to the machine.
    pub writable: Vec<PathBuf>,
    /// Who runs the command; root if none.
    pub user: Option<User>,
}

/// Completes the machine. The command is in a cgroup of its own below `session`, since on v2
/// processes are only in leaves: so whoever has `session` can divide it. `/run/host` is the
/// machine's root file system without what the guest has mounted on it. The settings are systemd's,
/// which every distribution has; the kernel's own are laxer.
const FURNISH: &str = r#"#!/bin/bash
share=/run/coracle-vm
: >"$share/started"
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 022
mkdir -p /run/host /run/scratch/upper /run/scratch/work
mount --bind / /run/host
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /tmp
[ ! -d /mnt ] || mount -t tmpfs -o mode=755 tmpfs /mnt
mount -t overlay -o lowerdir=/run/host/var/lib,upperdir=/run/scratch/upper,workdir=/run/scratch/work overlay /var/lib
mkdir -p /var/lib/coracle && mount -t tmpfs -o mode=755 tmpfs /var/lib/coracle
show() {
    if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "${2%/*}"; : >"$2"; fi
    mount --bind "$1" "$2"
}
for setting in symlinks=1 hardlinks=1 fifos=1 regular=2; do echo "${setting#*=}" >"/proc/sys/fs/protected_${setting%=*}"; done
cd /sys/fs/cgroup
for controller in $(cat cgroup.controllers); do echo "+$controller" >cgroup.subtree_control; done 2>/dev/null
mkdir -p session/command
hand_over() {
    local group=/sys/fs/cgroup/session file
    for controller in $(cat $group/cgroup.controllers); do echo "+$controller" >$group/cgroup.subtree_control; done 2>/dev/null
    for directory in $group $group/command; do
        chown "$1" $directory $directory/cgroup.procs $directory/cgroup.subtree_control $directory/cgroup.threads
    done
}
you=root
"#;

/// The command's streams are fifos, not the ports themselves: a port can be opened once only, so
/// that /dev/stdout would be busy. When the command has ended, what it left running is killed, for
/// it may hold the fifos open.
const RUN: &str = r#"exec 3<&0 4>&1 5>&2 2>/dev/null
rm -f /dev/stdin /dev/stdout /dev/stderr
ln -s /proc/self/fd/0 /dev/stdin; ln -s /proc/self/fd/1 /dev/stdout; ln -s /proc/self/fd/2 /dev/stderr
mkfifo -m 666 /run/scratch/0 /run/scratch/1 /run/scratch/2
cat <&3 >/run/scratch/0 4>&- 5>&- &
cat </run/scratch/1 >&4 3<&- 5>&- & out=$!
cat </run/scratch/2 >&5 3<&- 4>&- & err=$!
(become_command) </run/scratch/0 >/run/scratch/1 2>/run/scratch/2 3<&- 4>&- 5>&-
status=$?
echo 1 >/sys/fs/cgroup/session/cgroup.kill
(sleep 10; kill "$out" "$err") 2>/dev/null &
wait "$out" "$err"
echo "$status" >"$share/status"
exit 0
"#;

/// Whoever types `cargo …`, as every page has it, is told where to: by a function, which comes
/// before anything in PATH.
const CARGO: &str = r#"cargo() {
    local package=ch01-namespaces word last=
    for word in "$@"; do
        [ "$last" != -p ] && [ "$last" != --package ] || package=$word
        last=$word
    done
    echo "cargo can't build here: there is no network, and the files are read-only."
    echo "Outside, in another terminal:  cargo build -p $package"
    echo "Here:                          target/debug/$package"
    echo "Exercises are checked outside: cargo wb check --vm"
    return 3
} >&2
export -f cargo
"#;

const SHELL: &str = r#"echo "A throwaway machine: Linux $(uname -r), cgroup v2."
echo "You are $you. All of it is gone when you leave (Ctrl-D)."
echo "The machine's files are read-only here; what can be written are /tmp, /var/tmp,"
echo "/mnt, /run, /var/lib and /dev/shm. Build outside, in another terminal; run here:"
for program in target/debug/mydocker target/debug/ch[0-9][0-9]-*; do
    [[ ! -x $program || $program = *.d ]] || echo "    $program"
done
(become_command)
echo "$?" >"$share/status"
exit 0
"#;

/// The script that runs a command with its streams on virtme-ng's ports.
pub(crate) fn start(scene: &Scene, command: &[OsString]) -> Vec<u8> {
    let mut script = prepared(scene, command);
    script.extend(RUN.as_bytes());
    script
}

/// The login shell of an interactive machine.
pub(crate) fn login(scene: &Scene) -> Vec<u8> {
    let mut script = prepared(scene, &["bash".into(), "-i".into()]);
    // Where what is built is listed.
    script.extend([b"cd ".as_slice(), &quoted(&scene.directory), b"\n"].concat());
    script.extend([CARGO, SHELL].concat().as_bytes());
    script
}

fn prepared(scene: &Scene, command: &[OsString]) -> Vec<u8> {
    let mut script = FURNISH.as_bytes().to_vec();
    let mut line = |words: &[&[u8]]| script.extend([&words.join(&b' ')[..], b"\n"].concat());
    for path in &scene.uncovered {
        let at_host = Path::new("/run/host").join(path.strip_prefix("/").unwrap_or(path));
        line(&[b"show", &quoted(at_host), &quoted(path)]);
    }
    for (number, path) in scene.writable.iter().enumerate() {
        line(&[b"show", format!("{WRITABLE}/{number}").as_bytes(), &quoted(path)]);
    }
    if let Some(user) = scene.user {
        let you = format!("user {}, to whom the cgroups were handed over", user.uid);
        line(&[&[b"you=", &quoted(you)[..]].concat()]);
        line(&[b"hand_over", &quoted(format!("{}:{}", user.uid, user.gid))]);
    }
    line(&[b"become_command() {"]);
    line(&[b"echo 0 >/sys/fs/cgroup/session/command/cgroup.procs"]);
    line(&[b"cd", &quoted(&scene.directory), b"|| exit 126"]);
    for (name, value) in &scene.environment {
        line(&[b"export", &[name.as_bytes(), b"=", &quoted(value)].concat()]);
    }
    let become_user = scene.user.map(|user| user.become_it()).unwrap_or_default();
    let words: Vec<Vec<u8>> = become_user.iter().chain(command).map(quoted).collect();
    // env's words for what isn't there are plain, and its statuses (126, 127) are the shell's.
    line(&[b"exec env --", &words.join(&b' ')]);
    line(&[b"}"]);
    script
}

/// What of the caller's environment is true of the guest too: all but what names this login, its
/// home and its sockets.
pub(crate) fn environment(own: impl Iterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
    const OTHERS: [&str; 12] = [
        "HOME",
        "USER",
        "LOGNAME",
        "MAIL",
        "SHELL",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "TMPDIR",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "_",
    ];
    const OTHER_FAMILIES: [&str; 4] = ["XDG_", "DBUS_", "SSH_", "BASH_FUNC_"];
    let fits = |name: &OsStr| {
        let name = name.as_bytes();
        let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        is_name
            && !name.first().is_none_or(u8::is_ascii_digit)
            && !OTHERS.iter().any(|other| other.as_bytes() == name)
            && !OTHER_FAMILIES.iter().any(|family| name.starts_with(family.as_bytes()))
    };
    let mut environment: Vec<_> = own.filter(|(name, _)| fits(name)).collect();
    for (name, value) in &mut environment {
        // Root's programs are at hand for root.
        if name == "PATH" {
            value.push(":/usr/local/sbin:/usr/sbin:/sbin");
        }
    }
    environment.extend([("HOME", "/root"), ("USER", "root"), ("LOGNAME", "root")].map(|(n, v)| (n.into(), v.into())));
    environment
}

/// Boot is twice as fast without two things that a machine for one command has no use for:
/// systemd's temporary files, and udev's look at every device. All it needs from udev are the names
/// of the ports.
pub(crate) const STAND_INS: [(&str, &str); 2] = [
    ("systemd-tmpfiles", "#!/bin/sh\nexit 0\n"),
    (
        "udevadm",
        r#"#!/bin/sh
PATH=/usr/bin:/bin:/usr/sbin:/sbin
case "$*" in
trigger*--type=subsystems*) ;;
trigger*) exec udevadm "$@" --subsystem-match=virtio-ports ;;
*) exec udevadm "$@" ;;
esac
"#,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_says_where_to_build_in_the_shell_that_follows() {
        let script = format!("{CARGO}exec env -- bash -c 'cargo run -q -p mydocker -- run sh'");
        let ended = std::process::Command::new("bash").args(["-c", &script]).output().expect("bash");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(3) && ended.stdout.is_empty(), "{ended:?}");
        assert!(said.contains("target/debug/mydocker") && said.lines().all(|line| line.len() <= 80), "{said}");
    }

    fn text(script: Vec<u8>) -> String {
        String::from_utf8(script).expect("UTF-8")
    }

    fn scene() -> Scene {
        Scene {
            directory: "/home/u/it's".into(),
            environment: vec![("A".into(), "1 2".into())],
            uncovered: vec!["/tmp/x".into()],
            writable: vec!["/srv/w".into()],
            user: None,
        }
    }

    #[test]
    fn the_command_keeps_its_words_its_directory_and_its_environment() {
        let script = text(start(&scene(), &["echo".into(), "a b".into(), "$x".into()]));
        for line in ["cd '/home/u/it'\\''s' || exit 126", "export A='1 2'", "exec env -- 'echo' 'a b' '$x'"] {
            assert!(script.contains(&format!("\n{line}\n")), "{line} in {script}");
        }
    }

    #[test]
    fn a_user_gets_the_cgroups_before_the_command_is_theirs() {
        let scene = Scene { user: Some(User { uid: 1000, gid: 100 }), ..scene() };
        let script = text(start(&scene, &["true".into()]));
        let at = |line: &str| script.find(line).unwrap_or_else(|| panic!("{line} in {script}"));
        let given = at("\nhand_over '1000:100'\n");
        assert!(given < at("exec env -- 'setpriv' '--reuid' '1000' '--regid' '100' '--clear-groups' '--' 'true'\n"));
    }

    #[test]
    fn what_is_covered_is_shown_again() {
        let script = text(start(&scene(), &["true".into()]));
        assert!(script.contains("\nshow '/run/host/tmp/x' '/tmp/x'\n"), "{script}");
        assert!(script.contains("\nshow /run/coracle-vm-writable/0 '/srv/w'\n"), "{script}");
    }

    #[test]
    fn both_scripts_are_bash() {
        for script in [start(&scene(), &["x".into()]), login(&scene())] {
            let done = std::process::Command::new("bash").args(["-n", "-c", &text(script)]).status().expect("bash");
            assert!(done.success());
        }
    }

    #[test]
    fn the_environment_is_the_callers_but_for_what_names_the_login() {
        let own = [
            ("RUST_BACKTRACE", "1"),
            ("HOME", "/home/u"),
            ("XDG_RUNTIME_DIR", "/run/user/1"),
            ("PATH", "/bin"),
            ("a-b", ""),
        ];
        let environment = environment(own.iter().map(|(name, value)| (name.into(), value.into())));
        let get = |name: &str| environment.iter().find(|(n, _)| n == name).map(|(_, value)| value.to_str().unwrap());
        assert_eq!(get("RUST_BACKTRACE"), Some("1"));
        assert_eq!(get("HOME"), Some("/root"));
        assert_eq!(get("PATH"), Some("/bin:/usr/local/sbin:/usr/sbin:/sbin"));
        assert_eq!((get("XDG_RUNTIME_DIR"), get("a-b")), (None, None));
    }
}

//! The tour: a container's life, and that it has no need of who started it.

use anyhow::Result;
use ch01_namespaces::narration::TourFlags;
use ch01_namespaces::{StoreFlags, say};
use ch05_network::{Commands, as_typed};

/// What this process has, and what it may do with it.
const POWERS: &str = "grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status; \
                      may() { \"$@\" 2>/dev/null && echo \"may:     $*\" || echo \"may not: $*\"; }; \
                      may chroot / true; may mount -t tmpfs none /mnt";

/// Shows it.
pub fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
    let narration = flags.begin();
    let commands = Commands::new(store, &["rm", "-f"]);
    let name = commands.container.clone();
    narration.title("Chapter 6: a container's life")?;
    say!("So far a container ended with the command that started it. From now on it runs");
    say!("in the background and has a log. You can enter, stop and restart it.");
    narration.pause()?;

    narration.title("In the background")?;
    let script = "echo I am $$; trap 'echo got SIGTERM; exit 3' TERM; while :; do sleep 0.1; done";
    commands.output(&["run", "-d", "--name", &name, "hostbox", "sh", "-c", script])?;
    commands.show(&["ps", "--filter", &format!("name={name}"), "--format", "{{.Names}}: {{.Status}}"])?;
    commands.show(&["exec", &name, "cat", "/proc/1/comm"])?;
    narration.pause()?;

    narration.title("Fewer privileges")?;
    say!("The container runs as root, but with 14 of 41 capabilities and a filter of");
    say!("system calls. The same program with all of them, with these, and with none. The");
    say!("kernel's answers:");
    say!("");
    for flags in [&["--privileged"][..], &[], &["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]] {
        let run = [&["run", "--rm", "--network", "none"], flags, &["hostbox"]].concat();
        say!("  $ {}", as_typed(&[&run[..], &["PROGRAM"]].concat()));
        commands.output(&[&run[..], &["sh", "-c", POWERS]].concat())?.lines().try_for_each(|line| {
            say!("  {line}");
            Ok::<_, anyhow::Error>(())
        })?;
    }
    narration.pause()?;

    narration.title("After the end")?;
    commands.show(&["stop", &name])?;
    commands.show(&["logs", &name])?;
    commands.show(&["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", &name])?;
    narration.pause()?;

    narration.title("Your turn")?;
    say!("  cargo run -p ch06-containers -- run -it hostbox sh     Ctrl-P Ctrl-Q detaches");
    say!("  cargo run -p ch06-containers -- ps -a                  also ended containers");
    say!("  cargo wb                                               the exercises");
    Ok(0)
}

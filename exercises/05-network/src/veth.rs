//! Exercise 5.2b: connect a container to a bridge.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "5.2b",
    name: "veth",
    title: "connect a container to a bridge",
    kind: Kind::Build,
    minutes: 25,
    difficulty: Difficulty::Medium,
    chapter: "05-network",
    page: "05-network/bridge.md",
    shown_by: "run --network bridge sh -c 'ip -brief link'",
    needs_cgroups: false,
    hints: &[
        "Make the pair, move one end into the container, make the other end a port of the bridge, and set it \
         up. Two containers need two pairs, and all ends on the host need different names. Which value is \
         different for each container?",
        "Don't call the inner end eth0 when you make it: at first it is on the host, which may already have an \
         eth0. given::move_link renames the end in the same message that moves it.",
        "When the container ends, the kernel removes the end in the container and also the other end. So move \
         the end before another step can fail. format!(\"veth{container}\") is a name of at most 11 bytes. \
         given::set_master makes an interface a port.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NAME_TAKEN = Mistake::new("name-taken",
        "If the host has an eth0, no container gets a network.",
        "Both ends are made on the host, and one is moved later. Names are unique in a namespace, and the host \
         often has an eth0. Make the end with a different name, and rename it when you move it.");
    SAME_NAME_TWICE = Mistake::new("same-name-twice",
        "The first container is connected, but the second one isn't, because an interface with this name \
         already exists.",
        "All ends on the host are in one namespace, and each needs a unique name. The container's pid is \
         different for each container.");
    STILL_ON_THE_HOST = Mistake::new("still-on-the-host",
        "The container has no new interface: both ends of the pair are on the host.",
        "A veth pair connects the namespaces of its two ends. Move one end into the container.");
    OTHER_NAME = Mistake::new("other-name",
        "The container has an end of the pair, but it isn't called eth0.",
        "The next step gives the end an address. It runs in the container and doesn't know names on the host. \
         Each namespace has its own names, so each container may have an eth0.");
    NOT_PLUGGED_IN = Mistake::new("not-plugged-in",
        "The end on the host isn't a port of the bridge.",
        "Only a port of the bridge exchanges frames with the other ports.");
    PORT_DOWN = Mistake::new("port-down",
        "The port of the bridge is down.",
        "A new interface is down, and each end must be set up separately. The container can set up only its own \
         end.");
    LEFT_BEHIND = Mistake::new("left-behind",
        "The bridge doesn't exist, and the function returned an error. After the container has ended, a pair \
         of interfaces is left on the host.",
        "The kernel removes a veth pair together with the namespace of either end. While both ends are on the \
         host, it doesn't. Move one end before another step can fail.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The bridge doesn't exist, but the function returned Ok.",
        "The container has no network, and no error gives the reason.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! Both ends of the cables: in the containers and on the host.

    use std::time::Duration;

    use anyhow::Result;
    use checker::processes::{eventually, is_zombie, named};
    use checker::{Judgement, Program, Reply, Run, random, until_hopeless};
    use lab::Lab;
    use nix::errno::Errno;
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use crate::inside::{Inside, Interface};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless(["there", "missing"], |case| observe(program, case), |seen| &seen.run)?))
    }

    /// How long the kernel may take to take a network namespace apart.
    const PATIENCE: Duration = Duration::from_secs(10);

    #[derive(Debug, Clone)]
    struct Observation {
        is_missing: bool,
        run: Run,
        /// The interfaces of each container, without lo.
        containers: Vec<Vec<Interface>>,
        /// What is new on the host.
        new: Vec<Interface>,
        bridge: String,
        /// Whether the host has all that it had.
        host_kept: bool,
        /// What is new on the host when the containers have ended.
        left: Vec<String>,
    }

    fn observe(program: &Program, case: &str) -> Result<Observation> {
        let bridge = format!("boats-{:04x}", random::within(0..0x10000));
        let mut running = program.start(Lab::new(), &[&bridge, case])?;
        let host = Inside::lab(&running);
        let before = host.interfaces()?;
        let is_new = |one: &Interface| !before.iter().any(|old| old.index == one.index);
        let new = || -> Result<Vec<Interface>> { Ok(host.interfaces()?.into_iter().filter(is_new).collect()) };

        let reply = running.go_on()?;

        let (mut containers, mut on_host, mut host_kept, mut left) = (Vec::new(), Vec::new(), true, Vec::new());
        if lab::observe::process_exists(running.main()) {
            let mut processes = named(running.main(), "container");
            processes.retain(|process| !is_zombie(*process));
            for process in &processes {
                let mut interfaces = Inside::process(&running, *process).interfaces()?;
                interfaces.retain(|one| one.name != "lo");
                containers.push(interfaces);
            }
            let after = host.interfaces()?;
            on_host = after.iter().filter(|one| is_new(one)).cloned().collect();
            host_kept =
                before.iter().all(|old| after.iter().any(|one| (one.index, &one.name) == (old.index, &old.name)));
            // They can't be waited for: their parent is the program around the answer.
            for process in processes {
                let _ = kill(Pid::from_raw(process), Signal::SIGKILL);
            }
            eventually(PATIENCE, || new().is_ok_and(|new| new.is_empty()) || only_on_host(&containers));
            left = new()?.into_iter().map(|one| one.name).collect();
        }
        let run = Run::end(running, reply);
        Ok(Observation { is_missing: case == "missing", containers, new: on_host, bridge, host_kept, left, run })
    }

    /// Nobody removes a pair of which both ends are the host's: it needn't be waited for.
    fn only_on_host(containers: &[Vec<Interface>]) -> bool {
        containers.iter().all(|interfaces| interfaces.is_empty())
    }

    const INSIDE: &str = "each container has one new interface, the end of a veth pair, called eth0";
    const PORT: &str = "the other ends are ports of the bridge, and they are up";
    const HOST: &str = "the host keeps its own interfaces, and gets no others";
    const GONE: &str = "when a container has ended, no interface of it is left, even after an error";
    const REFUSED: &str = "if the bridge doesn't exist, the function returns an error with a context";

    impl Observation {
        fn is_inside(&self) -> bool {
            let right = |one: &Vec<Interface>| matches!(&one[..], [eth0] if eth0.name == "eth0" && eth0.kind == "veth");
            self.containers.len() == 2 && self.containers.iter().all(right)
        }

        /// The ports that the bridge has.
        fn ports(&self) -> impl Iterator<Item = &Interface> {
            self.new.iter().filter(|one| one.master.as_ref() == Some(&self.bridge))
        }

        fn is_plugged_in(&self) -> bool {
            self.ports().count() == 2
        }

        fn are_up(&self) -> bool {
            self.is_plugged_in() && self.ports().all(|port| port.is_up)
        }

        fn containers_in_words(&self) -> String {
            let names = |one: &Vec<Interface>| names(one.iter());
            self.containers.iter().map(names).collect::<Vec<_>>().join("; ")
        }
    }

    /// `eth0` or `nothing`
    fn names<'a>(interfaces: impl Iterator<Item = &'a Interface>) -> String {
        let names: Vec<&str> = interfaces.map(|one| one.name.as_str()).collect();
        if names.is_empty() { "nothing".into() } else { names.join(", ") }
    }

    fn judge(runs: &[Observation]) -> Judgement {
        let (there, last) = (&runs[0], &runs[runs.len() - 1]);
        let inside = format!("the containers have: {}", there.containers_in_words());
        let up = |port: &Interface| format!("{} is {}", port.name, if port.is_up { "up" } else { "down" });
        let ports = match there.ports().map(up).collect::<Vec<_>>() {
            none if none.is_empty() => "the bridge has no port".into(),
            some => some.join(", "),
        };
        let host = match there.host_kept {
            false => "the host has lost one".into(),
            true => format!("the host has new interfaces: {}", names(there.new.iter())),
        };
        let kept = there.host_kept && there.new.len() == 2;
        let left = runs.iter().find(|seen| !seen.left.is_empty());
        let gone = match left {
            Some(seen) => format!("the host still has {}", seen.left.join(", ")),
            None if !there.is_inside() => "the containers had no eth0".into(),
            None => there.run.reply.in_words(),
        };
        let gone_well = left.is_none() && there.is_inside() && last.is_missing;
        let outcomes = vec![
            there.run.outcome(INSIDE, there.is_inside(), "eth0; eth0", inside),
            there.run.outcome(PORT, there.are_up(), &format!("two ports of {}, which are up", there.bridge), ports),
            there.run.outcome(HOST, kept, "the host has two new interfaces, one for each container", host),
            last.run.outcome_whatever(GONE, gone_well, "the host has the same interfaces as before", gone),
            last.run.refused(REFUSED, last.is_missing, Ok(())),
        ];
        Judgement::new(outcomes, mistake(runs), [&there.run.printed])
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [there, missing] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive || !seen.host_kept) || there.containers.len() != 2 {
            return None;
        }
        let exists = there.run.reply.has_errno(Errno::EEXIST);
        let have = there.containers.iter().filter(|one| !one.is_empty()).count();
        match () {
            () if exists && have == 0 && there.new.is_empty() => Some(&NAME_TAKEN),
            () if exists && have == 1 => Some(&SAME_NAME_TWICE),
            () if there.run.reply != Reply::Ok => None,
            () if have == 0 && there.new.len() == 4 => Some(&STILL_ON_THE_HOST),
            () if have == 2 && !there.is_inside() => Some(&OTHER_NAME),
            () if !there.is_inside() || there.new.len() != 2 => None,
            () if there.ports().count() == 0 => Some(&NOT_PLUGGED_IN),
            () if there.is_plugged_in() && !there.are_up() => Some(&PORT_DOWN),
            () if !there.are_up() || !there.left.is_empty() => None,
            () if missing.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if !missing.left.is_empty() => Some(&LEFT_BEHIND),
            () if missing.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}

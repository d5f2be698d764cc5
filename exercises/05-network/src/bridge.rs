//! Exercise 5.2a: make a bridge.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "5.2a",
    name: "bridge",
    title: "make a bridge",
    kind: Kind::Build,
    minutes: 20,
    difficulty: Difficulty::Easy,
    chapter: "05-network",
    page: "05-network/bridge.md",
    shown_by: "run --network bridge sh -c 'ip route'",
    needs_cgroups: false,
    hints: &[
        "You need three steps: ip link add br0 type bridge; ip address add 10.1.1.1/24 dev br0; ip link set \
         br0 up. Each run of mydocker executes them. Which of them fail in the second run, and with which \
         errno?",
        "EEXIST means that the bridge or its address already exists. This is not an error here. But you must \
         execute the following steps anyway, because a program may have been killed between two steps.",
        "The functions of given return nix::Result, so you can match the errno: match \
         given::add_bridge(name) { Ok(()) | Err(Errno::EEXIST) => {} Err(errno) => return \
         Err(errno).context(\"…\") }. Do the same for the address. link_up succeeds also if the bridge is up.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    DOWN = Mistake::new("down",
        "The bridge exists but is down.",
        "A new interface is down. A bridge that is down forwards no frames, and its address can't be \
         reached.");
    NO_ADDRESS = Mistake::new("no-address",
        "The bridge has no address.",
        "Containers on this bridge would reach each other but nothing else. They need a gateway: the \
         bridge's own address on the host.");
    HOST_PREFIX = Mistake::new("host-prefix",
        "The bridge has the gateway's address with the prefix length 32.",
        "The prefix length says which addresses are behind this interface. With 32, there is only its own \
         address, and the host has no route to the containers.");
    ONLY_ONCE = Mistake::new("only-once",
        "For the second container, the function returned an error because the bridge already exists.",
        "EEXIST, \"File exists\", is not an error here. The bridge outlives each container, and each run of \
         mydocker calls this function.");
    MADE_ANEW = Mistake::new("made-anew",
        "The existing bridge is gone, and a new bridge has its name.",
        "Running containers have lost their network, because their ports were ports of the old bridge. Keep an \
         existing bridge.");
    HALF_MADE = Mistake::new("half-made",
        "An existing bridge without an address, or a bridge that is down, stays incomplete.",
        "A bridge needs three messages, and a program may be killed after the first. So the bridge may exist \
         although later steps are missing. Execute every step each time.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The kernel refused a name that is too long, but the function returned Ok.",
        "The next step can't find the bridge.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! The bridge, as the kernel lists it afterwards.

    use std::net::Ipv4Addr;

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply, Run, random, until_hopeless};
    use lab::Lab;
    use nix::errno::Errno;

    use crate::inside::{Inside, Interface, machine, new_network};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let cases = [Case::Nothing, Case::All, Case::Half, Case::TooLong];
        Ok(judge(&until_hopeless(cases, |case| observe(program, case), |seen| &seen.run)?))
    }

    /// What is there before.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        Nothing,
        /// The bridge, complete and with a port.
        All,
        /// The bridge, down and without an address.
        Half,
        /// Nothing, and the name has 16 bytes.
        TooLong,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        name: String,
        address: (Ipv4Addr, u8),
        /// The bridge.
        before: Option<Interface>,
        after: Option<Interface>,
        /// Whether the bridge has its port.
        has_port: bool,
        /// How many interfaces there are.
        count: usize,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let number = random::within(0x1000..0x10000);
        let name =
            if case == Case::TooLong { format!("much-too-long{number:03x}") } else { format!("boats-{number:x}") };
        let address = (machine(new_network(), 1), random::within(25..30) as u8);
        let what = match case {
            Case::Nothing | Case::TooLong => "nothing",
            Case::All => "all",
            Case::Half => "half",
        };
        let arguments = [&name, &address.0.to_string(), &address.1.to_string(), what];
        let mut running = program.start(Lab::new(), &arguments)?;
        let host = Inside::lab(&running);
        let before = host.interface(&name)?;

        let reply = running.go_on()?;

        let interfaces = if lab::observe::process_exists(running.main()) { host.interfaces()? } else { Vec::new() };
        Ok(Observation {
            case,
            before,
            after: interfaces.iter().find(|one| one.name == name).cloned(),
            has_port: interfaces.iter().any(|one| one.master.as_ref() == Some(&name)),
            count: interfaces.len(),
            name,
            address,
            run: Run::end(running, reply),
        })
    }

    const MADE: &str = "there is a bridge with this name, and it is up";
    const ADDRESS: &str = "it has the gateway's address, with the subnet's prefix length";
    const STAYS: &str = "an existing bridge keeps its ports";
    const HALF: &str = "an incomplete bridge is completed";
    const REFUSED: &str = "for a name that is too long, the function returns an error with a context";

    impl Observation {
        fn is_bridge(&self) -> bool {
            self.after.as_ref().is_some_and(|after| after.kind == "bridge")
        }

        fn is_up(&self) -> bool {
            self.is_bridge() && self.after.as_ref().is_some_and(|after| after.is_up)
        }

        fn has_address(&self) -> bool {
            self.is_bridge() && self.after.as_ref().is_some_and(|after| after.addresses == [self.address])
        }

        fn is_the_same(&self) -> bool {
            let index = |interface: &Option<Interface>| interface.as_ref().map(|one| one.index);
            index(&self.before) == index(&self.after)
        }

        fn is_complete(&self) -> bool {
            self.is_up() && self.has_address()
        }

        fn in_words(&self) -> String {
            match &self.after {
                None => format!("there is no {}", self.name),
                Some(after) if after.kind != "bridge" => format!("{} is not a bridge", self.name),
                Some(_) if self.before.is_some() && !self.is_the_same() => {
                    format!("{} is now a different bridge", self.name)
                }
                Some(_) if self.case == Case::All && !self.has_port => "it has lost its port".into(),
                Some(after) => after.in_words(),
            }
        }
    }

    fn judge(runs: &[Observation]) -> Judgement {
        let of = |case| runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1]);
        let [fresh, all, half, long] = [Case::Nothing, Case::All, Case::Half, Case::TooLong].map(of);
        let complete = |seen: &Observation| format!("{}: up, {}/{}", seen.name, seen.address.0, seen.address.1);
        let outcomes = vec![
            fresh.run.outcome(
                MADE,
                fresh.is_up(),
                &format!("{} is a bridge, and it is up", fresh.name),
                fresh.in_words(),
            ),
            fresh.run.outcome(ADDRESS, fresh.has_address(), &complete(fresh), fresh.in_words()),
            claim(STAYS, all, Case::All, all.is_the_same() && all.has_port && all.is_complete(), &complete(all)),
            claim(HALF, half, Case::Half, half.is_the_same() && half.is_complete(), &complete(half)),
            long.run.refused(REFUSED, long.case == Case::TooLong, long.nothing_new()),
        ];
        Judgement::new(outcomes, mistake(runs), runs[..runs.len().min(3)].iter().map(|seen| &seen.run.printed))
    }

    impl Observation {
        /// Of the lab's own there is only lo.
        fn nothing_new(&self) -> Result<(), String> {
            if self.count > 1 { Err("there is a new interface".into()) } else { Ok(()) }
        }
    }

    fn claim(claim: &'static str, seen: &Observation, case: Case, holds: bool, expected: &str) -> Outcome {
        seen.run.outcome(claim, seen.case == case && holds, expected, seen.in_words())
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [fresh, all, half, long] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive) || fresh.run.reply != Reply::Ok || !fresh.is_bridge() {
            return None;
        }
        let addresses = fresh.after.as_ref().map(|after| after.addresses.clone()).unwrap_or_default();
        match () {
            () if addresses.is_empty() => Some(&NO_ADDRESS),
            () if addresses == [(fresh.address.0, 32)] => Some(&HOST_PREFIX),
            () if !fresh.has_address() => None,
            () if !fresh.is_up() => Some(&DOWN),
            () if all.run.reply.has_errno(Errno::EEXIST) => Some(&ONLY_ONCE),
            () if all.run.reply != Reply::Ok => None,
            () if !all.is_the_same() => Some(&MADE_ANEW),
            () if !all.has_port || !all.is_complete() => None,
            () if half.run.reply == Reply::Ok && half.is_the_same() && !half.is_complete() => Some(&HALF_MADE),
            () if !half.is_complete() => None,
            () if long.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if long.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}

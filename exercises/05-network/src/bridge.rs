//! Exercise 5.2a: a bridge.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "5.2a",
    name: "bridge",
    title: "a bridge",
    kind: Kind::Build,
    minutes: 20,
    difficulty: Difficulty::Easy,
    chapter: "05-network",
    page: "05-network/bridge.md",
    shown_by: "run --network bridge sh -c 'ip route'",
    needs_cgroups: false,
    hints: &[
        "Three steps: ip link add br0 type bridge; ip address add 10.1.1.1/24 dev br0; ip link set br0 up. \
         Each run of mydocker takes them. What does the kernel say to the second run, and in which of the \
         steps?",
        "EEXIST is the kernel's word for \"that is there already\", and here it is good news. It is no \
         reason to leave out the steps that follow: somebody may have been killed between them.",
        "given's functions return nix::Result, so that the errno can be matched: match \
         given::add_bridge(name) { Ok(()) | Err(Errno::EEXIST) => {} Err(errno) => return \
         Err(errno).context(\"…\") }. The same for the address; link_up minds nothing.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    DOWN = Mistake::new("down",
        "The bridge was made, and is down.",
        "A new interface is down. A switch without power passes nothing on, and its address answers \
         nobody.");
    NO_ADDRESS = Mistake::new("no-address",
        "The bridge has no address.",
        "Containers on it would reach each other, and nothing else: their way out is a gateway, and that \
         is the bridge's own address on the host.");
    HOST_PREFIX = Mistake::new("host-prefix",
        "The bridge has the gateway's address alone, with the prefix 32.",
        "The prefix says which addresses are behind this interface. With 32 it is none but its own, and the \
         host has no route to its containers.");
    ONLY_ONCE = Mistake::new("only-once",
        "The second container can't have the bridge: the function returned an error, since it is there \
         already.",
        "EEXIST, \"File exists\", is no failure here. The bridge outlives each container, and each run of \
         mydocker asks for it.");
    MADE_ANEW = Mistake::new("made-anew",
        "The bridge that was there is gone, and another one has its name.",
        "The containers on it have lost their network, while they run: a port goes with its bridge. One \
         that is there has to stay.");
    HALF_MADE = Mistake::new("half-made",
        "A bridge that was there without an address, or down, stays like that for ever.",
        "Making it takes three messages, and a program may be killed after the first. That the bridge is \
         there doesn't say that the rest is: each step has to be asked for, each time.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The kernel refused a name that is too long, and the function returned Ok.",
        "The container's cable has nothing to be plugged into.");
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

    const MADE: &str = "a bridge of this name is made, and it is up";
    const ADDRESS: &str = "it has the gateway's address, with the subnet's prefix";
    const STAYS: &str = "a bridge that is there stays, with its ports";
    const HALF: &str = "one that was left half-made gets what it lacks";
    const REFUSED: &str = "a name that is too long is an error that says what was refused";

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
                Some(after) if after.kind != "bridge" => format!("{} is no bridge", self.name),
                Some(_) if self.before.is_some() && !self.is_the_same() => format!("{} is another one now", self.name),
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
            fresh.run.outcome(MADE, fresh.is_up(), &format!("{} is a bridge, and up", fresh.name), fresh.in_words()),
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

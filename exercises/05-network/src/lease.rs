//! Exercise 5.3b: lease an address.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "5.3b",
    name: "lease",
    title: "lease an address",
    kind: Kind::Build,
    minutes: 50,
    difficulty: Difficulty::Hard,
    chapter: "05-network",
    page: "05-network/addresses.md",
    shown_by: "run --network bridge sh -c 'hostname -I'",
    needs_cgroups: false,
    hints: &[
        "You need two locks. Hold the lock on leases/.lock only while you look for a free address and take \
         it. Hold the lock on the container's own file as long as the container runs. What would happen if \
         you used one of them for both purposes?",
        "For each file except .lock: open it and call try_lock. If this succeeds, the container has ended, \
         and you may remove the file. If it fails, the address in the file is taken. Containers may have \
         the addresses with the numbers from 2 to size - 2.",
        "File::open(leases.join(\".lock\"))?.lock() would lock and unlock at once, because Rust closes the \
         temporary file. Give it a name, as in let guard = …, so it is closed at the end of the function. \
         The container's file must stay open: use given::keep_open. File::create_new fails if a file with \
         this name exists.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NEVER_RELEASED = Mistake::new("never-released",
        "The second container waits forever.",
        "The first container still holds the lock on the directory while it runs. This lock is only for \
         choosing an address. It is released when the file is closed, so the function must not keep the \
         file open.");
    RESERVED = Mistake::new("reserved",
        "A container has the network's own address, or the gateway's.",
        "The first address identifies the subnet. The second one belongs to the bridge. A container with this \
         address gets the packets for the gateway, and no container on the bridge reaches the outside.");
    NOT_HELD = Mistake::new("not-held",
        "Containers that run at the same time have the same address.",
        "Each of them has found the files of the others unlocked. A lock is released when its file is \
         closed, and Rust closes a file at the end of its variable's scope. The lease's file must stay open \
         as long as the process runs.");
    NOT_GIVEN_BACK = Mistake::new("not-given-back",
        "The address of an ended container is never used again.",
        "A killed program can't remove its file. So the file's existence doesn't mean that the address is \
         taken. Only a lock on the file does.");
    SAME_AT_ONCE = Mistake::new("same-at-once",
        "Containers that start at the same moment get the same address, or an error.",
        "Each of them finds the same free address and takes it, or finds a file that another one is \
         removing. Search for the address and take it while you hold the lock on .lock.");
    BROADCAST = Mistake::new("broadcast",
        "The last container has the broadcast address.",
        "The last address of a subnet refers to all its members. A packet to this address doesn't reach a \
         single container, but all of them.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "No address is free, but the function returned one.",
        "Now two containers have the same address.");
    BARE_ERRNO = Mistake { why:
        "\"No such file or directory\" could refer to any file. Add what you wanted to read: \
         .with_context(|| format!(\"reading {}\", leases.display()))?",
        ..exercise::BARE_ERRNO };
}

#[cfg(feature = "checks")]
pub mod check {
    //! Processes that are called as the addresses that they got, and the files that they hold.

    use std::collections::BTreeSet;
    use std::fs::{self, File, TryLockError};
    use std::net::Ipv4Addr;
    use std::path::Path;

    use anyhow::Result;
    use checker::processes::name;
    use checker::view::{list, new_place, path_of, word};
    use checker::{Judgement, Outcome, Program, Reply, Run, until_hopeless};
    use given::Subnet;
    use lab::{Lab, observe};
    use nix::errno::Errno;

    use crate::inside::{machine, new_network};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let cases = [Case::Sequence, Case::Crowd, Case::Full, Case::Missing];
        Ok(judge(&until_hopeless(cases, |case| observe_case(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// One after the other; the second is killed, and there is a fifth.
        Sequence,
        /// Twelve at once.
        Crowd,
        /// One more than there is room for.
        Full,
        /// There is no directory.
        Missing,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        subnet: Subnet,
        /// In the order in which the containers were started: those that run and have an address.
        addresses: Vec<Ipv4Addr>,
        /// The addresses in files that somebody holds locked.
        held: BTreeSet<Ipv4Addr>,
    }

    fn observe_case(program: &Program, case: Case) -> Result<Observation> {
        let (leases, network) = (new_place(), machine(new_network(), 0));
        let (prefix, what) = match case {
            Case::Sequence => (28, "sequence"),
            Case::Crowd => (24, "crowd"),
            Case::Full => (29, "full"),
            Case::Missing => (28, "missing"),
        };
        let words = [word(&leases), &network.to_string(), &prefix.to_string(), "boat", what];
        let mut running = program.start(Lab::new(), &words)?;
        let main = running.main();

        let reply = running.go_on()?;

        let addresses = observe::children(main).into_iter().filter_map(|child| name(child)?.parse().ok()).collect();
        let held = held(&path_of(main, &leases));
        Ok(Observation { case, subnet: Subnet { network, prefix }, addresses, held, run: Run::end(running, reply) })
    }

    fn held(leases: &Path) -> BTreeSet<Ipv4Addr> {
        let address = |path: &Path| fs::read_to_string(path).ok()?.trim().parse().ok();
        let is_held =
            |path: &Path| File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
        let entries = fs::read_dir(leases).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.filter(|path| is_held(path)).filter_map(|path| address(&path)).collect()
    }

    const RIGHT: &str = "each container gets the lowest free address";
    const HELD: &str = "the container's file contains the address, and is locked as long as the container runs";
    const BACK: &str = "the next container gets the address of a killed one";
    const DIFFERENT: &str = "containers that start at the same moment get different addresses";
    const FULL: &str = "if all addresses are taken, the function returns an error, and not the broadcast address";
    const REFUSED: &str = "if the directory doesn't exist, the function returns an error with a context";

    impl Observation {
        fn numbers(&self, numbers: &[u32]) -> Vec<Ipv4Addr> {
            numbers.iter().map(|number| self.subnet.address(*number)).collect()
        }

        fn are(&self, numbers: &[u32]) -> bool {
            self.addresses == self.numbers(numbers)
        }

        fn differ(&self) -> bool {
            self.addresses.iter().collect::<BTreeSet<_>>().len() == self.addresses.len()
        }

        fn are_held(&self) -> bool {
            !self.addresses.is_empty() && self.addresses.iter().all(|address| self.held.contains(address))
        }

        fn is_refused(&self) -> bool {
            matches!(self.run.reply, Reply::Error(_)) && !self.run.reply.is_bare_error()
        }

        /// Where containers share one.
        fn in_words(&self) -> String {
            let words: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
            format!("the running containers have {}", list(&words))
        }
    }

    fn judge(runs: &[Observation]) -> Judgement {
        let of = |case| runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1]);
        let [sequence, crowd, full, missing] = [Case::Sequence, Case::Crowd, Case::Full, Case::Missing].map(of);
        let words = |numbers: &[u32]| {
            let words: Vec<String> = sequence.numbers(numbers).iter().map(ToString::to_string).collect();
            format!("in {}: {}", sequence.subnet, list(&words))
        };
        let first = sequence.addresses.first() == Some(&sequence.subnet.address(2)) && sequence.differ();
        let held: Vec<String> = sequence.held.iter().map(ToString::to_string).collect();
        let is_held = sequence.are_held();
        let crowded = crowd.case == Case::Crowd && crowd.addresses.len() == 12 && crowd.differ();
        let outcomes = vec![
            sequence.run.outcome(RIGHT, first, &words(&[2, 3, 4, 5]), sequence.in_words()),
            sequence.run.outcome(
                HELD,
                is_held,
                "a locked file for each container, with its address",
                format!("{}; the locked files contain {}", sequence.in_words(), list(&held)),
            ),
            sequence.run.outcome(BACK, sequence.are(&[2, 4, 5, 3]), &words(&[2, 4, 5, 3]), sequence.in_words()),
            crowd.run.outcome(DIFFERENT, crowded, "twelve different addresses", crowd.in_words()),
            Outcome::new(
                FULL,
                full.case == Case::Full && full.run.alive && full.is_refused() && full.are(&[2, 3, 4, 5, 6]),
                format!("five addresses of {}, and an error", full.subnet),
                format!("{}; {}", full.in_words(), full.run.reply.in_words()),
            ),
            missing.run.refused(REFUSED, missing.case == Case::Missing, Ok(())),
        ];
        Judgement::new(outcomes, mistake(runs), runs[..1].iter().map(|seen| &seen.run.printed))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let sequence = &runs[0];
        let [_, crowd, full, missing] = runs else {
            let waits = matches!(sequence.run.reply, Reply::Silence(_)) && sequence.run.alive;
            return (waits && sequence.are(&[2])).then_some(&NEVER_RELEASED);
        };
        if runs.iter().any(|seen| !seen.run.alive) || sequence.run.reply != Reply::Ok {
            return None;
        }
        let reserved = [0, 1].map(|number| sequence.subnet.address(number));
        match () {
            () if sequence.addresses.iter().any(|address| reserved.contains(address)) => Some(&RESERVED),
            () if sequence.are(&[2, 2, 2, 2]) => Some(&NOT_HELD),
            () if !sequence.differ() => None,
            () if !sequence.are(&[2, 4, 5, 3]) && sequence.are_held() => Some(&NOT_GIVEN_BACK),
            () if !sequence.are(&[2, 4, 5, 3]) || !sequence.are_held() => None,
            () if !crowd.differ() || matches!(crowd.run.reply, Reply::Error(_)) => Some(&SAME_AT_ONCE),
            () if crowd.run.reply != Reply::Ok => None,
            () if full.addresses.contains(&full.subnet.address(7)) => Some(&BROADCAST),
            () if full.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if !full.is_refused() || !full.are(&[2, 3, 4, 5, 6]) => None,
            () if missing.run.reply.is_bare_error() && missing.run.reply.has_errno(Errno::ENOENT) => Some(&BARE_ERRNO),
            () => None,
        }
    }
}

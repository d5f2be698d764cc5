//! Exercise 5.3a: an address, and the way to everywhere.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "5.3a",
    name: "address",
    title: "an address, and the way to everywhere",
    kind: Kind::Build,
    minutes: 15,
    difficulty: Difficulty::Easy,
    chapter: "05-network",
    page: "05-network/addresses.md",
    shown_by: "run --network bridge sh -c 'ip -brief address; ip route'",
    needs_cgroups: false,
    hints: &[
        "Three steps, as in a shell: ip address add …/… dev eth0; ip link set eth0 up; ip route add default \
         via …. The kernel accepts a route only if it can reach the gateway at that moment.",
        "The address brings a route to its subnet, and that is the way to the gateway. It exists as \
         long as the interface is up. So the default route comes last.",
        "given::add_address(\"eth0\", address, prefix), given::link_up(\"eth0\"), \
         given::default_route(gateway), each with a context that says what was refused.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    HOST_PREFIX = Mistake::new("host-prefix",
        "eth0 has the address with the prefix 32, and the kernel refuses the default route.",
        "With 32, nobody but the container itself is behind eth0: not even the gateway, which the kernel \
         says with ENETUNREACH. The prefix is the subnet's.");
    FIXED_PREFIX = Mistake::new("fixed-prefix",
        "eth0 has the prefix 24, whatever the subnet's is.",
        "Of a larger subnet it doesn't reach all containers; of a smaller one it asks for strangers as if \
         they were on the bridge. The prefix is one of the arguments.");
    TOO_EARLY = Mistake::new("too-early",
        "The default route was asked for before there was a way to the gateway.",
        "The kernel says ENETUNREACH, \"Network is unreachable\". What makes the gateway reachable is an \
         interface that is up and has an address in its subnet.");
    NO_ROUTE = Mistake::new("no-route",
        "The container reaches the other containers and the gateway, and nothing else: it has no default \
         route.",
        "The address brings a route to its own subnet. For all other addresses somebody has to say where \
         packets go.");
    DOWN = Mistake::new("down",
        "eth0 has its address, and is down.",
        "An interface that is down sends nothing, and the kernel forgets the routes that lead to it.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "There is no eth0, and the function returned Ok.",
        "The container starts without a network, and nobody knows why.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! What eth0 is like afterwards, and a connection to somewhere beyond the gateway.

    use std::net::Ipv4Addr;

    use anyhow::Result;
    use checker::{Judgement, Program, Reply, Run, random, until_hopeless};
    use lab::Lab;
    use nix::errno::Errno;

    use crate::inside::{Inside, Interface, machine, new_network, port};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless(["plugged", "none"], |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone)]
    struct Observation {
        is_none: bool,
        run: Run,
        address: (Ipv4Addr, u8),
        gateway: Ipv4Addr,
        eth0: Option<Interface>,
        route: Option<(Ipv4Addr, String)>,
        /// What a server beyond the gateway said, or why it couldn't be asked.
        elsewhere: Result<String, String>,
    }

    fn observe(program: &Program, case: &str) -> Result<Observation> {
        let [network, elsewhere] = [new_network(), new_network()];
        // Never 24, and the first address belongs to another number then than with it.
        let (prefix, gateway) = (random::within(26..29) as u8, machine(network, 1));
        let (address, elsewhere) =
            (machine(network, random::within(2..7) as u8), Ipv4Addr::new(192, 0, 2, elsewhere[2]));
        let words = [address.to_string(), prefix.to_string(), gateway.to_string(), elsewhere.to_string(), case.into()];
        let mut running = program.start(Lab::new(), &words.each_ref().map(String::as_str))?;
        let _server = Inside::lab(&running).serve(port(elsewhere, 7))?;

        let reply = running.go_on()?;

        let (mut eth0, mut route, mut said) = (None, None, Err("nobody could be asked".to_string()));
        if case == "plugged" && lab::observe::process_exists(running.main()) {
            let container = Inside::process(&running, running.main());
            (eth0, route) = (container.interface("eth0")?, container.default_route()?);
            said = container.ask(port(elsewhere, 7), "ahoy");
        }
        let run = Run::end(running, reply);
        Ok(Observation {
            is_none: case == "none",
            run,
            address: (address, prefix),
            gateway,
            eth0,
            route,
            elsewhere: said,
        })
    }

    const ADDRESS: &str = "eth0 has the address, with the subnet's prefix, and is up";
    const ROUTE: &str = "the default route leads to the gateway";
    const BEYOND: &str = "a server beyond the gateway can be reached, and sees the container's address";
    const REFUSED: &str = "a container without eth0 is an error that says what was refused";

    impl Observation {
        fn has_address(&self) -> bool {
            self.eth0.as_ref().is_some_and(|eth0| eth0.addresses == [self.address])
        }

        fn is_up(&self) -> bool {
            self.eth0.as_ref().is_some_and(|eth0| eth0.is_up)
        }

        fn has_route(&self) -> bool {
            self.route == Some((self.gateway, "eth0".into()))
        }

        fn was_heard(&self) -> bool {
            self.elsewhere == Ok(format!("{} ahoy", self.address.0))
        }
    }

    fn judge(runs: &[Observation]) -> Judgement {
        let (seen, last) = (&runs[0], &runs[runs.len() - 1]);
        let eth0 = seen.eth0.as_ref().map_or("there is no eth0".into(), Interface::in_words);
        let route =
            seen.route.as_ref().map_or("there is none".into(), |(gateway, link)| format!("{gateway} on {link}"));
        let beyond = match &seen.elsewhere {
            Ok(said) => format!("it answered: {said}"),
            Err(why) => why.clone(),
        };
        let outcomes = vec![
            seen.run.outcome(
                ADDRESS,
                seen.has_address() && seen.is_up(),
                &format!("eth0: up, {}/{}", seen.address.0, seen.address.1),
                eth0,
            ),
            seen.run.outcome(ROUTE, seen.has_route(), &format!("{} on eth0", seen.gateway), route),
            seen.run.outcome(BEYOND, seen.was_heard(), &format!("it answers: {} ahoy", seen.address.0), beyond),
            last.run.refused(REFUSED, last.is_none, Ok(())),
        ];
        Judgement::new(outcomes, mistake(runs), [&seen.run.printed])
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [seen, none] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive) {
            return None;
        }
        let addresses = seen.eth0.as_ref().map(|eth0| eth0.addresses.clone()).unwrap_or_default();
        let unreachable =
            [Errno::ENETUNREACH, Errno::EHOSTUNREACH].iter().any(|errno| seen.run.reply.has_errno(*errno));
        match () {
            () if addresses == [(seen.address.0, 32)] && !seen.has_route() => Some(&HOST_PREFIX),
            () if unreachable && (addresses.is_empty() || seen.has_address()) => Some(&TOO_EARLY),
            () if seen.run.reply != Reply::Ok => None,
            () if addresses == [(seen.address.0, 24)] => Some(&FIXED_PREFIX),
            () if !seen.has_address() => None,
            () if !seen.is_up() => Some(&DOWN),
            () if seen.route.is_none() => Some(&NO_ROUTE),
            () if !seen.has_route() || !seen.was_heard() => None,
            () if none.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if none.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}

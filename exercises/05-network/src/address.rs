//! Exercise 5.3a: configure an address and a default route.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "5.3a",
    name: "address",
    title: "configure an address and a default route",
    kind: Kind::Build,
    minutes: 15,
    difficulty: Difficulty::Easy,
    chapter: "05-network",
    page: "05-network/addresses.md",
    shown_by: "run --network bridge sh -c 'ip -brief address; ip route'",
    needs_cgroups: false,
    hints: &[
        "You need three steps. In a shell they are: ip address add …/… dev eth0; ip link set eth0 up; ip \
         route add default via …. The kernel accepts the default route only if it already has a route to \
         the gateway.",
        "For an address, the kernel adds a route to its subnet, which also leads to the gateway. The route \
         exists only while the interface is up. So add the default route last.",
        "Call given::add_address(\"eth0\", address, prefix), given::link_up(\"eth0\") and \
         given::default_route(gateway), each with a context that names the step.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    HOST_PREFIX = Mistake::new("host-prefix",
        "eth0 has the address with the prefix length 32, and the kernel refuses the default route.",
        "With 32, the subnet contains only the container's own address and not the gateway, so the kernel \
         returns ENETUNREACH. Use the subnet's prefix length.");
    FIXED_PREFIX = Mistake::new("fixed-prefix",
        "eth0 always has the prefix length 24.",
        "In a larger subnet, the container doesn't reach all other containers. In a smaller one, it looks \
         for other machines on the bridge. The prefix length is an argument of the function.");
    TOO_EARLY = Mistake::new("too-early",
        "The function adds the default route before the kernel has a route to the gateway.",
        "The kernel returns ENETUNREACH, \"Network is unreachable\". It needs an interface that is up and \
         has an address in the gateway's subnet.");
    NO_ROUTE = Mistake::new("no-route",
        "The container has no default route. It reaches the other containers and the gateway, but nothing \
         else.",
        "For an address, the kernel adds only the route to its own subnet. You must add a route for all \
         other destinations.");
    DOWN = Mistake::new("down",
        "eth0 has its address but is down.",
        "An interface that is down sends no packets, and the kernel removes the routes through it.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "There is no eth0, but the function returned Ok.",
        "The container starts without a network, and no error gives the reason.");
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

        let (mut eth0, mut route, mut said) = (None, None, Err("the container has ended".to_string()));
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

    const ADDRESS: &str = "eth0 is up and has the address, with the subnet's prefix length";
    const ROUTE: &str = "the default route leads to the gateway";
    const BEYOND: &str = "the container reaches a server behind the gateway, which sees the container's address";
    const REFUSED: &str = "without eth0, the function returns an error with a context";

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

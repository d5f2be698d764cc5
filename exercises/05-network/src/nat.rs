//! Exercise 5.4: the way out.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "5.4",
    name: "nat",
    title: "the way out",
    kind: Kind::Build,
    minutes: 30,
    difficulty: Difficulty::Medium,
    chapter: "05-network",
    page: "05-network/nat.md",
    shown_by: "run --network bridge sh -c 'ip route'",
    needs_cgroups: false,
    hints: &[
        "A table has a family and a name, a chain in it says at which hook it is, and a rule says for which \
         packets it is and what happens. The page shows such a table; yours has one chain with one rule. \
         Write it to a file and try it: unshare -rn nft -f FILE.",
        "table ip NAME { chain postrouting { type nat hook postrouting priority srcnat; ip saddr … oifname \
         != \"…\" masquerade } }. Applied twice, it would have the rule twice: a block adds to what is \
         there. Where is the bridge in the table's name?",
        "\"table ip NAME\" makes it if there is none, \"delete table ip NAME\" removes it with all that is in \
         it, and then the block makes it anew: one text, so one transaction. In format!, braces are \
         written twice: {{ and }}.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NFT_REFUSED = Mistake::new("nft-refused",
        "nft doesn't accept the text.",
        "Its message, above, has the line and the place. Write the text to a file and try it by hand: \
         unshare -rn nft -f FILE. Is it the first time that it is refused, or the second: is there \
         something already, or not yet?");
    OTHERS_REMOVED = Mistake::new("others-removed",
        "A table of somebody else's is gone.",
        "flush ruleset removes everybody's rules: Docker's, and the firewall that protects the machine. A \
         table of your own can be made anew without touching any other.");
    ONLY_THE_LAST = Mistake::new("only-the-last",
        "A second network takes the first one's rules away.",
        "Each bridge has a subnet and a rule of its own. A table that is made anew for each of them has only \
         the last one's rule: its name needs the bridge in it.");
    NO_ANSWER = Mistake::new("no-answer",
        "The container still gets no answer from outside.",
        "Its packets leave with an address that nobody outside knows. Which packets is the rule for? On the \
         way out they have the subnet as their source, and leave by an interface that isn't the \
         bridge.");
    EVERYBODY = Mistake::new("everybody",
        "Packets of other machines, which the host passes on, get its address too.",
        "The neighbour has an address that can be answered, and a server that wants to know who calls. The \
         rule is for the subnet only: ip saddr.");
    ON_THE_BRIDGE = Mistake::new("on-the-bridge",
        "Packets that the host passes from the bridge to the bridge get its address.",
        "Containers can answer each other, and should see who calls. The rule is for what leaves by another \
         interface: oifname != \"…\".");
    PILES_UP = Mistake::new("piles-up",
        "Each container adds the rule once more.",
        "A block of nft's adds to what is there. After a hundred containers the kernel compares each packet \
         with a hundred rules, and nobody removes them. Make the table anew in the same \
         transaction.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! Connections through the lab, and what nft lists.

    use anyhow::{Context, Result};
    use checker::processes::named;
    use checker::{Judgement, Program, Reply, Run};
    use lab::Lab;

    use crate::inside::{Inside, machine, new_network, port};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&observe(program)?))
    }

    #[derive(Debug, Clone)]
    struct Observation {
        run: Run,
        /// Whom a server outside sees, when the container calls, and the neighbour.
        container_seen: Result<String, String>,
        neighbour_seen: Result<String, String>,
        /// Whom the mate sees, when the container calls.
        seen_by_mate: Result<String, String>,
        /// The container's address.
        address: String,
        /// Whether the table of somebody else is as it was.
        others_kept: bool,
        /// The rules that masquerade.
        rules: Vec<String>,
    }

    const HOST: &str = "192.0.2.1";
    const NEIGHBOUR: &str = "198.51.100.2";

    fn observe(program: &Program) -> Result<Observation> {
        let [first, second] = [new_network(), new_network()];
        let networks = [machine(first, 0).to_string(), machine(second, 0).to_string()];
        let mut running = program.start(Lab::new(), &[&networks[0], &networks[1]])?;
        let host = Inside::lab(&running);
        let of = |name: &str| -> Result<Inside> {
            let pid = named(running.main(), name).first().copied().context("a machine of the check's is missing")?;
            Ok(Inside::process(&running, pid))
        };
        let [container, mate, outside, neighbour] = [of("container")?, of("mate")?, of("outside")?, of("neighbour")?];
        let [server, mates] = [port(machine([192, 0, 2], 2), 80), port(machine([203, 0, 113], 2), 80)];
        let _servers = [outside.serve(server)?, mate.serve(mates)?];
        let others = host.nft(&["list", "table", "ip", "others"])?;

        let reply = running.go_on()?;

        let alive = lab::observe::process_exists(running.main());
        let ask = |from: &Inside, whom| {
            if !alive || reply != Reply::Ok {
                return Err("nobody could be asked".to_string());
            }
            from.ask(whom, "ahoy").map(|said| said.replace(" ahoy", ""))
        };
        let rules = if alive { host.nft(&["list", "ruleset"])? } else { String::new() };
        Ok(Observation {
            container_seen: ask(&container, server),
            neighbour_seen: ask(&neighbour, server),
            seen_by_mate: ask(&container, mates),
            address: machine(first, 2).to_string(),
            others_kept: !alive
                || host.nft(&["list", "table", "ip", "others"]).is_ok_and(|now| counted(&now) == counted(&others)),
            rules: rules.lines().filter(|line| line.contains("masquerade")).map(|line| line.trim().into()).collect(),
            run: Run::end(running, reply),
        })
    }

    /// Without what it has counted.
    fn counted(table: &str) -> String {
        table.split_whitespace().filter(|word| word.parse::<u64>().is_err()).collect()
    }

    const ACCEPTED: &str = "nft accepts the rules, also when they are there already";
    const OUT: &str = "a server outside answers a container, and sees the host's address";
    const OTHERS: &str = "packets that aren't a container's keep their address";
    const BRIDGE: &str = "packets that don't leave the bridge keep their address";
    const ONCE: &str = "each network has its rule, and has it once";
    const TABLES: &str = "other tables are left as they are";

    fn judge(seen: &Observation) -> Judgement {
        let words = |whom: &Result<String, String>| match whom {
            Ok(address) => format!("it saw {address}"),
            Err(why) => why.clone(),
        };
        let is = |whom: &Result<String, String>, address: &str| whom.as_deref() == Ok(address);
        let address = &seen.address;
        let outcomes = vec![
            seen.run.outcome(ACCEPTED, true, "the function's text is accepted three times", String::new()),
            seen.run.outcome(
                OUT,
                is(&seen.container_seen, HOST),
                &format!("it sees {HOST}"),
                words(&seen.container_seen),
            ),
            seen.run.outcome(
                OTHERS,
                is(&seen.neighbour_seen, NEIGHBOUR),
                &format!("of the neighbour it sees {NEIGHBOUR}"),
                words(&seen.neighbour_seen),
            ),
            seen.run.outcome(
                BRIDGE,
                is(&seen.seen_by_mate, address),
                &format!("another container sees {address}"),
                words(&seen.seen_by_mate),
            ),
            seen.run.outcome(ONCE, seen.rules.len() == 2, "two rules with masquerade", seen.rules.join("; ")),
            seen.run.outcome_whatever(
                TABLES,
                seen.others_kept,
                "the table that was there before, as it was",
                "it is gone, or has changed".into(),
            ),
        ];
        Judgement::new(outcomes, mistake(seen), [&seen.run.printed])
    }

    /// The mistake that fits everything that was seen.
    fn mistake(seen: &Observation) -> Option<&'static Mistake> {
        if !seen.run.alive {
            return None;
        }
        let refused =
            matches!(&seen.run.reply, Reply::Error(words) if words.iter().any(|word| word.contains("nft refused")));
        let is = |whom: &Result<String, String>, address: &str| whom.as_deref() == Ok(address);
        let out = is(&seen.container_seen, HOST);
        match () {
            () if refused => Some(&NFT_REFUSED),
            () if seen.run.reply != Reply::Ok => None,
            () if !seen.others_kept => Some(&OTHERS_REMOVED),
            () if !out && seen.container_seen.is_err() && seen.rules.len() == 1 => Some(&ONLY_THE_LAST),
            () if !out && seen.container_seen.is_err() => Some(&NO_ANSWER),
            () if !out => None,
            () if is(&seen.neighbour_seen, HOST) => Some(&EVERYBODY),
            () if !is(&seen.neighbour_seen, NEIGHBOUR) => None,
            () if seen.seen_by_mate.as_ref().is_ok_and(|whom| *whom != seen.address) => Some(&ON_THE_BRIDGE),
            () if !is(&seen.seen_by_mate, &seen.address) => None,
            () if seen.rules.len() > 2 => Some(&PILES_UP),
            () => None,
        }
    }
}

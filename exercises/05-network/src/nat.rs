//! Exercise 5.4: masquerade outgoing packets.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "5.4",
    name: "nat",
    title: "masquerade outgoing packets",
    kind: Kind::Build,
    minutes: 30,
    difficulty: Difficulty::Medium,
    chapter: "05-network",
    page: "05-network/nat.md",
    shown_by: "run --network bridge sh -c 'ip route'",
    needs_cgroups: false,
    hints: &[
        "A table has a family and a name. A chain in it names its hook. A rule has conditions and an action. \
         The page shows such a table; yours has one chain with one rule. Write it to a file and test it: \
         unshare -rn nft -f FILE.",
        "table ip NAME { chain postrouting { type nat hook postrouting priority srcnat; ip saddr … oifname \
         != \"…\" masquerade } }. Applied twice, it would have the rule twice: a block adds to what is \
         there. Where is the bridge in the table's name?",
        "\"table ip NAME\" makes the table if it doesn't exist, \"delete table ip NAME\" removes it with its \
         content, and then the block makes it again. All three are in one text, so they are one transaction. \
         In format!, write braces twice: {{ and }}.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NFT_REFUSED = Mistake::new("nft-refused",
        "nft rejects the text.",
        "Its message above shows the line and the column. Write the text to a file and test it: \
         unshare -rn nft -f FILE. Does the first application fail, or the second one? In the second one the \
         table already exists.");
    OTHERS_REMOVED = Mistake::new("others-removed",
        "Another program's table is gone.",
        "flush ruleset removes all rules, including Docker's and those of the machine's firewall. Replace only \
         your own table.");
    ONLY_THE_LAST = Mistake::new("only-the-last",
        "The rules of a second network replace those of the first one.",
        "Each bridge has its own subnet and rule. If all bridges use the same table and you replace it for each \
         bridge, it contains only the last rule. Use the bridge's name in the table's name.");
    NO_ANSWER = Mistake::new("no-answer",
        "The container still gets no answer from outside.",
        "Its packets leave with a private source address, to which no machine outside has a route. Check which \
         packets the rule matches. Outgoing packets have a source address in the subnet, and leave through an \
         interface that isn't the bridge.");
    EVERYBODY = Mistake::new("everybody",
        "The rule also masquerades packets of other machines, which the host forwards.",
        "These machines have reachable addresses, and servers should see them. Restrict the rule to the subnet: \
         ip saddr.");
    ON_THE_BRIDGE = Mistake::new("on-the-bridge",
        "The rule also masquerades packets from one container to another on the bridge.",
        "Containers can reach each other directly, and should see each other's addresses. Restrict the rule to \
         packets that leave through another interface: oifname != \"…\".");
    PILES_UP = Mistake::new("piles-up",
        "Each container adds the rule again.",
        "A table block of nft adds to an existing table. After a hundred containers, the kernel compares each \
         packet with a hundred rules. Empty the table in the same transaction.");
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
                return Err("the container has ended".to_string());
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

    const ACCEPTED: &str = "nft accepts the rules, even if they already exist";
    const OUT: &str = "a server outside answers a container, and sees the host's address";
    const OTHERS: &str = "packets of other machines keep their address";
    const BRIDGE: &str = "packets that don't leave the bridge keep their address";
    const ONCE: &str = "each network has its rule exactly once";
    const TABLES: &str = "other tables don't change";

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
                &format!("the server sees {HOST}"),
                words(&seen.container_seen),
            ),
            seen.run.outcome(
                OTHERS,
                is(&seen.neighbour_seen, NEIGHBOUR),
                &format!("for the neighbour, the server sees {NEIGHBOUR}"),
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
                "the other table is unchanged",
                "the other table is gone, or has changed".into(),
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

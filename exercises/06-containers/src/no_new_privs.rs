//! Exercise 6.11: set no_new_privs for the right process.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "6.11",
    name: "no_new_privs",
    title: "set no_new_privs for the right process",
    kind: Kind::Repair,
    minutes: 15,
    difficulty: Difficulty::Easy,
    chapter: "06-containers",
    page: "06-containers/users.md",
    shown_by: "run --security-opt no-new-privileges grep NoNewPrivs /proc/self/status",
    needs_cgroups: false,
    hints: &[
        "\"observed\" shows the line NoNewPrivs of /proc/PID/status for two processes. Which of them should \
         have 1?",
        "The attribute belongs to a thread. Children inherit it, and nobody can clear it. Which lines of the \
         function run only in the process that becomes the command?",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    LOCKED_ITSELF = Mistake::new("locked-itself",
        "The runtime has no_new_privs, but the command doesn't.",
        "After the fork there are two processes. The parent calls set_no_new_privs. The child already \
         exists, so it doesn't inherit the attribute.");
    LOCKED_BOTH = Mistake::new("locked-both",
        "The command has no_new_privs, but so does the runtime.",
        "The command inherited the attribute, but nobody can clear it. For the next container, an ordinary \
         user's runtime needs newuidmap, a setuid program, which then doesn't work any more.");
    NOBODY = Mistake::new("nobody",
        "Neither process has no_new_privs.",
        "prctl(2) affects only the calling thread. If another thread or a helper process calls it, this has \
         no effect on the command.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! Who has promised what.

    use std::time::Duration;

    use anyhow::Result;
    use checker::processes::{eventually, named, status};
    use checker::{Judgement, Outcome, Program, Reply, Run};
    use lab::{Lab, observe};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&observe(program)?))
    }

    #[derive(Debug, Clone)]
    struct Observation {
        run: Run,
        /// `NoNewPrivs` of the caller, and of the command that was started; `None`: there is none.
        caller: Option<bool>,
        command: Option<bool>,
    }

    fn observe(program: &Program) -> Result<Observation> {
        let mut running = program.start(Lab::new(), &[])?;
        let main = running.main();
        let reply = running.go_on()?;
        let commands = || named(main, "the command");
        eventually(Duration::from_secs(1), || !observe::process_exists(main) || !commands().is_empty());
        let promised = |pid: i32| status(pid, "NoNewPrivs").map(|bit| bit == "1");
        let command = commands().first().copied().and_then(promised);
        Ok(Observation { caller: promised(main), command, run: Run::end(running, reply) })
    }

    const COMMAND: &str = "the command has no_new_privs";
    const CALLER: &str = "the caller doesn't have no_new_privs";

    fn judge(seen: &Observation) -> Judgement {
        let in_words = |bit: Option<bool>| match bit {
            None => "there is no such process".to_string(),
            Some(bit) => format!("NoNewPrivs is {}", u8::from(bit)),
        };
        // The number that is returned is the command's, as the caller knows it.
        let outcome = |claim, bit: Option<bool>, wanted| {
            let well = seen.run.alive && matches!(seen.run.reply, Reply::Number(_));
            let observed = if well { in_words(bit) } else { seen.run.reply.in_words() };
            Outcome::new(claim, well && bit == Some(wanted), in_words(Some(wanted)), observed)
        };
        let outcomes = vec![outcome(COMMAND, seen.command, true), outcome(CALLER, seen.caller, false)];
        let mistake = match (&seen.run.reply, seen.command, seen.caller) {
            (Reply::Number(_), Some(false), Some(true)) => Some(&LOCKED_ITSELF),
            (Reply::Number(_), Some(true), Some(true)) => Some(&LOCKED_BOTH),
            (Reply::Number(_), Some(false), Some(false)) => Some(&NOBODY),
            _ => None,
        };
        Judgement::new(outcomes, mistake, [&seen.run.printed])
    }
}

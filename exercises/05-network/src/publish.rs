//! Exercise 5.5: a published port.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "5.5",
    name: "publish",
    title: "a published port",
    kind: Kind::Build,
    minutes: 40,
    difficulty: Difficulty::Hard,
    chapter: "05-network",
    page: "05-network/ports.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "A loop of listener.accept(); for each caller a TcpStream::connect(container), and then two copies, \
         caller to container and container to caller. Why can't one of them come after the other?",
        "thread::spawn(move || …) lets the loop go on at once. In it, thread::scope(|scope| { \
         scope.spawn(|| copy(&caller, &server)); copy(&server, &caller) }) runs both copies at the same \
         time, and waits for both.",
        "io::copy(&mut from, &mut to) ends when the sender has no more to say. Then \
         to.shutdown(Shutdown::Write) says so to the receiver. Don't close anything else: the other \
         direction may still be in use. (&TcpStream can be read from and written to.)",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NO_HALF_CLOSE = Mistake::new("no-half-close",
        "A caller who says that there is no more to come gets no answer.",
        "TCP has two directions, and each ends by itself. The end of the one has to be passed on, with \
         shutdown(SHUT_WR): the server waits for it. The other direction has to stay open: the answer comes \
         that way.");
    ONE_AT_A_TIME = Mistake::new("one-at-a-time",
        "As long as one caller is connected, all others wait.",
        "A connection may be open for days and say nothing. The loop has to come back to accept at once, so \
         each connection needs a thread or a process of its own.");
    ENDS_WITH_A_CALLER = Mistake::new("ends-with-a-caller",
        "The container didn't listen yet, and the port is dead from then on.",
        "Whoever calls too early gets no answer, and that is that caller's matter. An error of one \
         connection must not end the loop for all.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! Connections to the port.

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply, Run, random};
    use lab::Lab;

    use crate::inside::{Inside, machine, port};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let usual = observe(program, false)?;
        let early = observe(program, true)?;
        Ok(judge(&usual, &early))
    }

    #[derive(Debug, Clone)]
    struct Observation {
        run: Run,
        /// What the only caller was answered.
        alone: Result<String, String>,
        /// What one was answered while another one, who says nothing, was connected.
        beside: Result<String, String>,
        text: String,
    }

    /// `early`: somebody calls before the container listens.
    fn observe(program: &Program, early: bool) -> Result<Observation> {
        let ports = [random::within(2000..9000) as u16, random::within(10_000..20_000) as u16];
        let mut running = program.start(Lab::new(), &[&ports[0].to_string(), &ports[1].to_string()])?;
        let host = Inside::lab(&running);
        let local = machine([127, 0, 0], 1);
        let text = format!("ahoy {}", random::within(0..1_000_000));
        running.call();
        // It serves for as long as it isn't wrong: a moment is enough to hear that it has ended.
        let moment = std::time::Duration::from_millis(50);
        let mut reply = running.wait_for_return(moment)?;
        let (mut alone, mut beside) =
            (Err("nobody could be asked".to_string()), Err("nobody could be asked".to_string()));
        if matches!(reply, Reply::Silence(_)) && lab::observe::process_exists(running.main()) {
            if early {
                // Refused or closed: it counts what comes after.
                let _ = host.ask(port(local, ports[0]), &text);
            }
            // Neither can be started where the program has ended, and all of the lab with it.
            let _server = host.serve(port(local, ports[1])).ok();
            alone = host.ask(port(local, ports[0]), &text);
            let _silent = host.hold(port(local, ports[0])).ok();
            beside = host.ask(port(local, ports[0]), &text);
            reply = running.wait_for_return(moment)?;
        }
        Ok(Observation { alone, beside, text, run: Run::end(running, reply) })
    }

    const ANSWER: &str = "a caller says something and that there is no more, and gets the container's answer";
    const BESIDE: &str = "a caller who says nothing keeps nobody from being answered";
    const EARLY: &str = "after a caller who came before the container listened, others are answered";

    impl Observation {
        fn is(&self, answer: &Result<String, String>) -> bool {
            *answer == Ok(format!("127.0.0.1 {}", self.text))
        }

        fn serves(&self) -> bool {
            self.run.alive && matches!(self.run.reply, Reply::Silence(_))
        }
    }

    fn judge(usual: &Observation, early: &Observation) -> Judgement {
        let claim = |claim: &'static str, seen: &Observation, answer: &Result<String, String>| {
            let observed = match answer {
                _ if !seen.serves() => seen.run.reply.in_words(),
                Ok(said) => format!("the answer is \"{said}\""),
                Err(why) => format!("no answer: {why}"),
            };
            let expected = format!("the answer is \"127.0.0.1 {}\"", seen.text);
            Outcome::new(claim, seen.serves() && seen.is(answer), expected, observed)
        };
        let outcomes = vec![
            claim(ANSWER, usual, &usual.alone),
            claim(BESIDE, usual, &usual.beside),
            claim(EARLY, early, &early.alone),
        ];
        Judgement::new(outcomes, mistake(usual, early), [&usual.run.printed])
    }

    /// The mistake that fits everything that was seen.
    fn mistake(usual: &Observation, early: &Observation) -> Option<&'static Mistake> {
        match () {
            () if !usual.serves() => None,
            () if !usual.is(&usual.alone) && usual.alone.as_deref().unwrap_or_default().is_empty() => {
                Some(&NO_HALF_CLOSE)
            }
            () if !usual.is(&usual.alone) => None,
            () if !usual.is(&usual.beside) => Some(&ONE_AT_A_TIME),
            () if !early.is(&early.alone) => Some(&ENDS_WITH_A_CALLER),
            () => None,
        }
    }
}

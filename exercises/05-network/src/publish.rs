//! Exercise 5.5: publish a port.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "5.5",
    name: "publish",
    title: "publish a port",
    kind: Kind::Build,
    minutes: 40,
    difficulty: Difficulty::Hard,
    chapter: "05-network",
    page: "05-network/ports.md",
    shown_by: "run -p 127.0.0.1:8080:80 busybox nc -ll -p 80 -e hostname",
    needs_cgroups: false,
    hints: &[
        "Call listener.accept() in a loop. For each client, call TcpStream::connect(container), and copy bytes \
         from the client to the container and back. Why can't one copy run after the other?",
        "With thread::spawn(move || …), the loop continues at once. In the thread, thread::scope(|scope| { \
         scope.spawn(|| copy(&client, &server)); copy(&server, &client) }) runs both copies at the same \
         time, and waits for both.",
        "io::copy(&mut from, &mut to) returns when the sender has closed its direction. Then \
         to.shutdown(Shutdown::Write) forwards this to the receiver. Don't close anything else, because the \
         other direction may still be in use. (You can read from and write to a &TcpStream.)",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NO_HALF_CLOSE = Mistake::new("no-half-close",
        "A client that closes its direction after the request gets no answer.",
        "TCP has two directions, which end separately. Forward the end of one direction with \
         shutdown(SHUT_WR), because the server waits for it. Keep the other direction open, because the answer \
         uses it.");
    ONE_AT_A_TIME = Mistake::new("one-at-a-time",
        "While one client is connected, all others wait.",
        "A connection may be open for days without any data. The loop must call accept again at once, so use a \
         thread or a process for each connection.");
    ENDS_WITH_A_CALLER = Mistake::new("ends-with-a-caller",
        "A client connected before the container listened, and since then the port doesn't work.",
        "A client that connects too early gets no answer. But an error of one connection must not end the loop.");
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
        let (mut alone, mut beside) = (Err("the proxy has ended".to_string()), Err("the proxy has ended".to_string()));
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

    const ANSWER: &str = "a client that sends a request and closes its direction gets the container's answer";
    const BESIDE: &str = "a client that sends nothing doesn't delay others";
    const EARLY: &str = "after a client that connected before the container listened, others get answers";

    impl Observation {
        fn answers_with_its_text(&self, answer: &Result<String, String>) -> bool {
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
            Outcome::new(claim, seen.serves() && seen.answers_with_its_text(answer), expected, observed)
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
            () if !usual.answers_with_its_text(&usual.alone)
                && usual.alone.as_deref().unwrap_or_default().is_empty() =>
            {
                Some(&NO_HALF_CLOSE)
            }
            () if !usual.answers_with_its_text(&usual.alone) => None,
            () if !usual.answers_with_its_text(&usual.beside) => Some(&ONE_AT_A_TIME),
            () if !early.answers_with_its_text(&early.alone) => Some(&ENDS_WITH_A_CALLER),
            () => None,
        }
    }
}

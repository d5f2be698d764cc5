//! Exercise 7.3: pass a connection to the shim.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "7.3",
    name: "hand_over",
    title: "pass a connection to the shim",
    kind: Kind::Build,
    minutes: 40,
    difficulty: Difficulty::Medium,
    chapter: "07-daemon",
    page: "07-daemon/hijack.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "You need three steps: read until the end of the head, send the answer, and pass the connection to \
         the shim. Which bytes have you read by then? Which of them does the shim need?",
        "A read may return a part of the head, or the head and the following bytes. Collect all bytes in one \
         Vec, and search it for \"\\r\\n\\r\\n\" after each read. A read of 0 bytes means that the client \
         has closed the connection.",
        "Use received.windows(4).position(|four| four == b\"\\r\\n\\r\\n\"). The bytes after these four are \
         `early`. A BufReader has its own buffer, and its content is lost when the BufReader is dropped.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    LOST_EARLY = Mistake::new("lost-early",
        "Bytes that arrived together with the head are lost.",
        "You have read them together with the head, so they aren't in the socket any more. They are in your \
         buffer (or a BufReader's), and belong to the container's input. Pass them to the shim.");
    ONE_READ = Mistake::new("one-read",
        "A head that arrives in two pieces is refused.",
        "A read may return only a part of the head. Read until the end of the head has arrived.");
    HEAD_TOO = Mistake::new("head-too",
        "The function passes the head of the request to the container as input.",
        "A shell in the container would execute it line by line. The input begins after the empty line.");
    ANSWERED_LATE = Mistake::new("answered-late",
        "The container's output reaches the client before the answer.",
        "As soon as the shim has the connection, it may write to it. But the client first expects an HTTP \
         response. So send the 101 first.");
    NO_ANSWER = Mistake::new("no-answer",
        "The client gets no answer.",
        "The client waits for `HTTP/1.1 101`, and reads the container's output as an invalid response.");
    SHUT_DOWN = Mistake::new("shut-down",
        "The connection has ended when the function returns.",
        "shutdown(2) ends the connection for all processes that have a descriptor for it. Only close your own \
         descriptor. Rust closes it when the function returns.");
    KEPT_OPEN = Mistake::new("kept-open",
        "The shim has closed the connection, but the client doesn't see its end.",
        "A connection ends when its last descriptor is closed. Yours must be dropped too. After into_raw_fd \
         and mem::forget it stays open forever.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The client closed the connection within the head, but the function returned Ok.",
        "The shim got a connection without a client.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! Requests in pieces, and what a correct function and each of the mistakes makes of them.

    use anyhow::Result;
    use checker::cases::{self, Case, Slip, input};
    use checker::{Judgement, Program, random};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        cases::judge(program, &all_cases(), MISTAKES)
    }

    const ANSWER: &str = "the client gets the 101 first, then the container's output";
    const EARLY: &str = "the bytes after the head are the beginning of the container's input, whatever their values";
    const HEAD: &str = "the head isn't part of the input, in whatever pieces it arrives";
    const END: &str = "the connection stays open after the function has returned, and ends when the shim closes it";
    const REFUSED: &str = "if the client closes the connection within the head, the function returns an error";

    fn all_cases() -> Vec<Case> {
        let id = format!("{:012x}", random::within(0..u32::MAX));
        let head = format!(
            "POST /v1.43/containers/{id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: \
             Upgrade\r\nUpgrade: tcp\r\n\r\n"
        );
        let early = format!("echo {id}\n");
        let binary = [b"\xff\x00\r\n\r\n", id.as_bytes()].concat();
        let (head, early) = (head.into_bytes(), early.into_bytes());
        let whole = [&head[..], &early].concat();
        let cut = |at: usize| vec![whole[..at].to_vec(), whole[at..].to_vec()];
        let middle = random::within(30..100) as usize;
        vec![
            case(ANSWER, "answer", vec![head.clone()], head.len()),
            case(EARLY, "input", vec![whole.clone()], head.len()),
            case(EARLY, "input", vec![[&head[..], &binary].concat()], head.len()),
            case(HEAD, "input", vec![head.clone()], head.len()),
            case(HEAD, "input", cut(middle), head.len()),
            case(HEAD, "input", cut(head.len() - 2), head.len()),
            case(HEAD, "input", cut(head.len() - 1), head.len()),
            case(END, "end", vec![head.clone()], head.len()),
            refused(vec![head[..middle].to_vec()]),
        ]
    }

    /// What the client sends when the function has returned.
    const LATER: &str = "later\n";

    fn words(asked: &str, pieces: &[Vec<u8>]) -> String {
        let hexes: Vec<String> = pieces.iter().map(|piece| hex(piece)).collect();
        let words: Vec<&str> = [asked, LATER].into_iter().chain(hexes.iter().map(String::as_str)).collect();
        input(&words)
    }

    fn case(claim: &'static str, asked: &str, pieces: Vec<Vec<u8>>, head: usize) -> Case {
        let sent = pieces.concat();
        let case = match seen("", asked, &sent, head) {
            Slip::Returns(text) => Case::expects(claim, words(asked, &pieces), text),
            _ => Case::refused(claim, words(asked, &pieces)),
        };
        let early = format!("\"{}\"", sent[head..].escape_ascii());
        let case = case.displayed_as(match pieces.len() {
            1 => format!("a head, and behind it {early}, in one piece"),
            _ => format!("a head and {early}, cut after byte {} of {head}", pieces[0].len()),
        });
        let model = |mistake: &Mistake| match mistake.id == ONE_READ.id && pieces[0].len() < head {
            true => Slip::Refuses,
            false => seen(mistake.id, asked, &sent, head),
        };
        MISTAKES.iter().fold(case, |case, mistake| case.slip(mistake, model(mistake)))
    }

    fn refused(pieces: Vec<Vec<u8>>) -> Case {
        let shown = format!("the first {} bytes of a head, and the end", pieces[0].len());
        let case = Case::refused(REFUSED, words("gone", &pieces)).displayed_as(shown);
        case.slip(&SWALLOWED_THE_ERROR, Slip::Accepts)
    }

    /// As the program around the answer prints it.
    fn seen(slip: &str, asked: &str, sent: &[u8], head: usize) -> Slip {
        let (later, early) = (LATER.as_bytes(), &sent[head..]);
        let input = match () {
            () if slip == LOST_EARLY.id => later.to_vec(),
            () if slip == HEAD_TOO.id => [sent, later].concat(),
            () if slip == SHUT_DOWN.id => early.to_vec(),
            () => [early, later].concat(),
        };
        let input = format!("the shim reads \"{}\"", input.escape_ascii());
        Slip::Returns(match asked {
            "answer" if slip == ANSWERED_LATE.id => "\"ready\\n\" before the answer".into(),
            "answer" if slip == NO_ANSWER.id => "\"ready\\n\" and no answer".into(),
            "answer" => "101, then \"ready\\n\"".into(),
            "input" => input,
            _ if slip == KEPT_OPEN.id => format!("{input}; the client sees no end"),
            _ => format!("{input}; the client sees the end"),
        })
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

//! Narration: every step that touches the kernel can be told as it happens, in two lanes.
//!
//! The wrappers in [`sys`](crate::sys) report each call here with its arguments. In the host process a step is printed
//! at once; in the child it crosses the link and the host prints it, so that steps come in one order and nothing is
//! written to the container's own stderr.

use std::cell::RefCell;
use std::io::{IsTerminal, Write};

use serde::{Deserialize, Serialize};

use crate::steps::Why;
use crate::width::fitted;

/// Which process made the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// The process that makes the container.
    Host,
    /// The process that becomes it.
    Container,
}

/// One call to the kernel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// Who made it.
    pub lane: Lane,
    /// What for.
    pub why: Why,
    /// The system call, by its name in section 2 of the manual.
    pub call: String,
    /// Its arguments, as the C source would spell them.
    pub args: Vec<String>,
    /// The error, when it failed: `EPERM`.
    pub errno: Option<String>,
}

/// How steps are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people: two lanes.
    Text,
    /// For tools: one JSON object a line.
    Json,
}

type Sink = Box<dyn Fn(&Step)>;

thread_local! {
    // Making a container takes a single-threaded process, so "this thread" is "this process"; and the child's copy of
    // it can be pointed elsewhere without the host noticing.
    static TELLER: RefCell<Option<(Lane, Sink)>> = const { RefCell::new(None) };
}

/// From now on, steps of this process are told on stderr.
pub fn tell_on_stderr(format: Format) {
    tell(Lane::Host, Box::new(move |step| print(step, format)));
}

/// Whether anybody listens. The child asks this of the copy that it got at the clone.
pub(crate) fn is_told() -> bool {
    TELLER.with_borrow(|teller| teller.is_some())
}

/// From now on, steps of this process go to `sink`, as made in `lane`.
pub(crate) fn tell(lane: Lane, sink: Sink) {
    TELLER.with_borrow_mut(|teller| *teller = Some((lane, sink)));
}

/// Tells a step of this process, if anybody listens.
pub(crate) fn step(why: Why, call: &str, args: impl FnOnce() -> Vec<String>, errno: Option<nix::errno::Errno>) {
    TELLER.with_borrow(|teller| {
        if let Some((lane, sink)) = teller {
            let errno = errno.map(|errno| format!("{errno:?}"));
            // A step has to fit into one message.
            let args = args().iter().map(|arg| fitted(arg, 1000)).collect();
            sink(&Step { lane: *lane, why, call: call.into(), args, errno });
        }
    });
}

/// Tells a step that another process made.
pub(crate) fn relay(step: &Step) {
    TELLER.with_borrow(|teller| {
        if let Some((_, sink)) = teller {
            sink(step);
        }
    });
}

fn print(step: &Step, format: Format) {
    let mut stderr = std::io::stderr().lock();
    let line = match format {
        Format::Json => json(step),
        Format::Text => text(step, stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none()),
    };
    // A reader that went away must not stop the container.
    let _ = writeln!(stderr, "{line}");
}

/// A step as tools get it.
#[derive(Serialize)]
struct Told<'a> {
    lane: Lane,
    call: &'a str,
    args: &'a [String],
    errno: Option<&'a str>,
    why: &'static str,
    shell: Option<String>,
    book: &'static str,
}

fn json(step: &Step) -> String {
    let (Step { lane, why, call, args, errno }, words) = (step, step.why.words());
    let (shell, book, why) = (why.shell(args), words.book, words.what_for);
    let told = Told { lane: *lane, call, args, errno: errno.as_deref(), why, shell, book };
    serde_json::to_string(&told).unwrap_or_default()
}

/// What a terminal has at least.
const COLUMNS: usize = 80;

fn text(step: &Step, colour: bool) -> String {
    let (lane, indent) = match step.lane {
        Lane::Host => ("host", ""),
        Lane::Container => ("container", "    "),
    };
    let words = step.why.words();
    let (bold, dim, plain) = if colour { ("\x1b[1m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    let failed = step.errno.as_ref().map(|errno| format!(" = {errno}")).unwrap_or_default();
    let call = format!("{}({})", step.call, step.args.join(", "));
    let call = fitted(&call, COLUMNS - 10 - indent.len() - failed.len());
    let mut lines = format!("{lane:<9} {indent}{bold}{call}{plain}{failed}");
    let width = COLUMNS - 12 - indent.len();
    let book = format!("book: {}", words.book);
    let more = match step.why.shell(&step.args) {
        Some(shell) => format!("shell: {}   {book}", fitted(&shell, width - 10 - book.len())),
        None => book,
    };
    for line in [words.what_for, &more] {
        lines.push_str(&format!("\n{:9} {indent}  {dim}{line}{plain}", ""));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hostname() -> Step {
        Step {
            lane: Lane::Container,
            why: Why::SetHostname,
            call: "sethostname".into(),
            args: vec!["\"boat\"".into()],
            errno: None,
        }
    }

    #[test]
    fn a_step_names_its_lane_call_purpose_shell_command_and_section() {
        let text = text(&hostname(), false);
        for part in ["container ", "sethostname(\"boat\")", "shell: hostname \"boat\"", "book: "] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
    }

    #[test]
    fn a_failed_step_shows_its_errno() {
        let step = Step { errno: Some("EPERM".into()), ..hostname() };
        assert!(text(&step, false).contains("sethostname(\"boat\") = EPERM"));
    }

    #[test]
    fn long_arguments_do_not_break_the_lines() {
        let step = Step { args: vec!["x".repeat(200)], ..hostname() };
        let text = text(&step, false);
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
    }

    #[test]
    fn json_has_the_same_facts_one_object_a_line() {
        let line = json(&hostname());
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["lane"], "container");
        assert_eq!(value["args"][0], "\"boat\"");
        assert!(!line.contains('\n'));
    }
}

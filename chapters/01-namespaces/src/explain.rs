//! Narration: every step that touches the kernel can be told as it happens, in two lanes.
//!
//! The wrappers in `sys.rs` report each call here with its arguments. In the host process a step is
//! printed at once; in the child it crosses the link and the host prints it, so that steps come in
//! one order and nothing is written to the container's own stderr.

use std::cell::RefCell;
use std::io::{IsTerminal, Write};

use serde::{Deserialize, Serialize};

use crate::failure::CallFailed;
use crate::steps::Why;
use crate::width::fitted;

/// Which process made the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// The process that makes the container.
    Host,
    /// From chapter 6 on: the process that the host's starts, and that is the container's parent.
    Shim,
    /// The process that becomes it.
    Container,
}

/// One call to the kernel, in full: it may cross from one process to another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// Who made it.
    pub lane: Lane,
    /// The system call, by its name in section 2 of the manual.
    pub call: String,
    /// Its arguments, as the C source would spell them.
    pub args: Vec<String>,
    /// The error, when it failed: `EPERM`.
    pub errno: Option<String>,
    /// What it is for.
    pub why: String,
    /// The shell command that would do the same.
    pub shell: Option<String>,
    /// The section of the book that explains it.
    pub book: String,
}

/// How steps are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people: two lanes.
    Text,
    /// For tools: one JSON object a line.
    Json,
}

/// Where steps go.
pub type Sink = Box<dyn Fn(&Step)>;

thread_local! {
    // Making a container takes a single-threaded process, so "this thread" is "this process"; and the
    // child's copy of it can be pointed elsewhere without the host noticing.
    static NARRATOR: RefCell<Option<(Lane, Sink)>> = const { RefCell::new(None) };
}

/// From now on, steps of this process are told on stderr.
pub fn narrate_on_stderr(format: Format) {
    narrate_to(Lane::Host, Box::new(move |step| print(step, format)));
}

/// Whether anybody listens. The child asks this of the copy that it got at the clone.
pub fn is_narrated() -> bool {
    lane().is_some()
}

/// The lane of this process's steps, if anybody listens.
pub(crate) fn lane() -> Option<Lane> {
    NARRATOR.with_borrow(|narrator| narrator.as_ref().map(|(lane, _)| *lane))
}

/// From now on, steps of this process go to `sink`, as made in `lane`.
pub fn narrate_to(lane: Lane, sink: Sink) {
    NARRATOR.with_borrow_mut(|narrator| *narrator = Some((lane, sink)));
}

/// From now on, nobody listens. What the sink held is let go.
pub fn narrate_to_nobody() {
    drop(NARRATOR.take());
}

/// Does something while nobody listens.
pub fn quietly<T>(act: impl FnOnce() -> T) -> T {
    let narrator = NARRATOR.take();
    let done = act();
    NARRATOR.set(narrator);
    done
}

/// For the wrappers of system calls: tells the step, and makes an errno an error that knows what it
/// was for.
pub fn report<T>(
    why: &'static Why,
    call: &str,
    args: impl Fn() -> Vec<String>,
    result: nix::Result<T>,
) -> anyhow::Result<T> {
    step(why, call, &args, result.as_ref().err().copied());
    result.map_err(|errno| CallFailed { call: format!("{call}({})", args().join(", ")), errno, why }.into())
}

/// Narrates a step that no system call of ours makes: a program that is run.
pub fn note(why: &'static Why, call: &str, args: impl FnOnce() -> Vec<String>) {
    step(why, call, args, None);
}

/// Tells a step of this process, if anybody listens.
pub(crate) fn step(
    why: &'static Why,
    call: &str,
    args: impl FnOnce() -> Vec<String>,
    errno: Option<nix::errno::Errno>,
) {
    NARRATOR.with_borrow(|narrator| {
        if let Some((lane, sink)) = narrator {
            let errno = errno.map(|errno| format!("{errno:?}"));
            // A step has to fit into one message.
            let args: Vec<_> = args().iter().map(|arg| fitted(arg, 1000)).collect();
            let (shell, book, why) = (why.shell(&args), why.book.into(), why.what_for.into());
            sink(&Step { lane: *lane, call: call.into(), args, errno, why, shell, book });
        }
    });
}

/// Tells a step that another process made.
pub fn relay(step: &Step) {
    NARRATOR.with_borrow(|narrator| {
        if let Some((_, sink)) = narrator {
            sink(step);
        }
    });
}

fn print(step: &Step, format: Format) {
    let mut stderr = std::io::stderr().lock();
    let line = match format {
        Format::Json => serde_json::to_string(step).unwrap_or_default(),
        Format::Text => text(step, stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none()),
    };
    // In one write: a helper's step must not come between a line and its end. And a reader that went
    // away must not stop the container.
    let _ = stderr.write_all(format!("{line}\n").as_bytes());
}

/// What a terminal has at least.
const COLUMNS: usize = 80;

fn text(step: &Step, colour: bool) -> String {
    let (lane, indent) = match step.lane {
        Lane::Host => ("host", ""),
        Lane::Shim => ("shim", "  "),
        Lane::Container => ("container", "    "),
    };
    let (bold, dim, plain) = if colour { ("\x1b[1m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    let failed = step.errno.as_ref().map(|errno| format!(" = {errno}")).unwrap_or_default();
    let call = format!("{}({})", step.call, step.args.join(", "));
    let call = fitted(&call, COLUMNS - 10 - indent.len() - failed.len());
    let mut lines = format!("{lane:<9} {indent}{bold}{call}{plain}{failed}");
    let width = COLUMNS - 12 - indent.len();
    let book = format!("book: {}", step.book);
    let more = match &step.shell {
        Some(shell) => format!("shell: {}   {book}", fitted(shell, width - 10 - book.len())),
        None => book,
    };
    for line in [&step.why, &more] {
        lines.push_str(&format!("\n{:9} {indent}  {dim}{line}{plain}", ""));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps;

    fn hostname() -> Step {
        let (told, step) = std::sync::mpsc::channel();
        narrate_to(Lane::Container, Box::new(move |step| told.send(step.clone()).unwrap()));
        super::step(&steps::SET_HOSTNAME, "sethostname", || vec!["\"boat\"".into()], None);
        step.recv().unwrap()
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
        let line = serde_json::to_string(&hostname()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["lane"], "container");
        assert_eq!(value["args"][0], "\"boat\"");
        assert!(!line.contains('\n'));
    }
}

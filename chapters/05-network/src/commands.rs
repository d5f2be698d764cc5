//! How later tours speak: they type commands, as a reader would, and show what these print.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use ch01_namespaces::narration::fitted;
use ch01_namespaces::{StoreFlags, say};

/// The program that runs, as a tool of its own tour.
pub struct Commands {
    roots: Vec<OsString>,
    /// The container that the tour makes: gone when the tour ends, however it does.
    pub container: String,
    remove: &'static [&'static str],
}

impl Commands {
    /// With the caller's store, and the words that remove a container that runs.
    pub fn new(store: &StoreFlags, remove: &'static [&'static str]) -> Commands {
        let container = format!("tour-{}", std::process::id());
        Commands { roots: store.as_args_with_roots(), container, remove }
    }

    /// What a command prints.
    pub fn output(&self, args: &[&str]) -> Result<String> {
        let program = std::env::current_exe().context("cannot find our own program")?;
        let mut command = Command::new(program);
        command.args(&self.roots).args(args).stdin(Stdio::null());
        let output = command.output().with_context(|| format!("cannot run {}", args.join(" ")))?;
        let message = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} failed\n{}", args.join(" "), message.trim_end());
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_string())
    }

    /// A command and what it prints, each line as wide as a terminal.
    pub fn show(&self, args: &[&str]) -> Result<()> {
        say!("  $ {}", as_typed(args));
        for line in self.output(args)?.lines() {
            say!("  {}", fitted(line, 76));
        }
        Ok(())
    }
}

impl Drop for Commands {
    fn drop(&mut self) {
        let _ = self.output(&[self.remove, &[&self.container]].concat());
    }
}

/// A command as a reader would type it: quoted where a shell needs it, in lines of a terminal's
/// width.
pub fn as_typed(args: &[&str]) -> String {
    let is_plain =
        |arg: &&str| !arg.is_empty() && arg.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=,@".contains(c));
    let quoted = args.iter().map(|arg| if is_plain(arg) { arg.to_string() } else { format!("'{arg}'") });
    let (mut text, mut width) = (String::new(), 4);
    for word in quoted {
        let length = word.chars().count() + 1;
        if width + length > 76 && !text.is_empty() {
            text.push_str(" \\\n     ");
            width = 5;
        }
        text.push_str(if text.is_empty() { "" } else { " " });
        text.push_str(&word);
        width += length;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::as_typed;

    #[test]
    fn what_a_shell_would_split_is_quoted() {
        assert_eq!(as_typed(&["inspect", "-f", "{{.Id}} {{.Name}}", "boat"]), "inspect -f '{{.Id}} {{.Name}}' boat");
    }

    #[test]
    fn a_long_command_goes_on_in_the_next_line() {
        let text = as_typed(&["run", &"x".repeat(40), &"y".repeat(40)]);
        assert_eq!(text, format!("run {} \\\n      {}", "x".repeat(40), "y".repeat(40)));
    }
}

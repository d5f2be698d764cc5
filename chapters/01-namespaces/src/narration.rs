//! How every chapter's tour speaks: titles, text, and a pause between parts.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::Result;

pub use crate::width::fitted;

/// Flags of the tour.
#[derive(clap::Args)]
pub struct TourFlags {
    /// In the tour: wait for Enter after each part (for a class).
    #[arg(long)]
    step: bool,
}

/// `println!`, but a stdout that can't be written to is an error and no panic.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("{}\n", format_args!($($text)*)))? };
}

/// A tour being told.
pub struct Narration {
    waits: bool,
    bold: [&'static str; 2],
}

impl TourFlags {
    /// Colour and pauses only where somebody sits.
    pub fn begin(&self) -> Narration {
        let to_terminal = std::io::stdout().is_terminal();
        let in_colour = to_terminal && std::env::var_os("NO_COLOR").is_none();
        Narration {
            waits: self.step && std::io::stdin().is_terminal() && to_terminal,
            bold: if in_colour { ["\x1b[1m", "\x1b[0m"] } else { ["", ""] },
        }
    }
}

impl Narration {
    /// A part begins.
    pub fn title(&self, text: &str) -> Result<()> {
        say!("{}{text}{}\n", self.bold[0], self.bold[1]);
        Ok(())
    }

    /// A part is over.
    pub fn pause(&self) -> Result<()> {
        if self.waits {
            write!(std::io::stderr(), "\n[Enter] ")?;
            // End of input is as good as a key.
            let _ = std::io::stdin().lock().read_line(&mut String::new());
        } else {
            say!("");
        }
        Ok(())
    }
}

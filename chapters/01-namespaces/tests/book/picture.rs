//! The README's picture: what a terminal shows of the tour.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use book_tests::console::{blocks_of, difference};

use crate::BOOK;

/// The picture shows the tour from the first of these titles up to the second.
const FROM: &str = "Two processes, one program";
const TO: &str = "Your turn";

/// Runs the tour in a terminal and draws the part of it that the README shows.
pub fn draw(path: &Path) -> ExitCode {
    let drawn = tour_in_a_terminal().and_then(|text| {
        let svg = anstyle_svg::Term::new().render_svg(part_shown(&text, |line| line)?.trim_end());
        fs::write(path, svg + "\n").with_context(|| format!("cannot write {}", path.display()))
    });
    match drawn {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn tour_in_a_terminal() -> Result<String> {
    let terminal = nix::pty::openpty(None, None).context("openpty: no pseudo-terminal")?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_ch01-namespaces"))
        .env_remove("NO_COLOR")
        .stdout(terminal.slave)
        .spawn()
        .context("start the tour")?;
    let mut output = Vec::new();
    // When the last one that holds the terminal has gone, reading it is an error (EIO): that is its
    // end.
    let _ = fs::File::from(terminal.master).read_to_end(&mut output);
    ensure!(program.wait()?.success(), "the tour failed");
    Ok(String::from_utf8(output)?.replace("\r\n", "\n"))
}

/// The lines from one title up to the other. `plain` takes away what may lie around a title.
fn part_shown(text: &str, plain: impl Fn(&str) -> &str) -> Result<String> {
    let is = |line: &str, title: &str| plain(line).contains(title);
    let lines = text.lines().skip_while(|line| !is(line, FROM)).take_while(|line| !is(line, TO));
    let part: String = lines.flat_map(|line| [line, "\n"]).collect();
    if part.is_empty() {
        bail!("there is no line {FROM:?} in\n{text}");
    }
    Ok(part)
}

/// What stands in the picture: one line for each `<tspan x=`, without tags, entities turned back.
fn text_of(svg: &str) -> String {
    let lines = svg.split("<tspan x=").skip(1).map(|part| {
        let inner = part.split_once('>').map_or("", |(_, inner)| inner);
        let text: String =
            inner.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text)).collect();
        text.lines().next().unwrap_or_default().to_string() + "\n"
    });
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&amp;", "&")]
        .into_iter()
        .fold(lines.collect(), |text: String, (entity, letter)| text.replace(entity, letter))
}

/// The introduction shows the tour, with patterns for what differs; a test runs it. The picture
/// must fit the same text.
pub fn the_picture_of_the_tour_is_what_the_tour_prints() -> Result<()> {
    let introduction = fs::read_to_string(BOOK.checkout().join("book/src/introduction.md"))?;
    let blocks = blocks_of(&introduction, None)?;
    let printed = blocks.iter().flat_map(|(_, typed)| typed).find(|typed| typed.output.contains(FROM));
    let expected = part_shown(&printed.with_context(|| format!("no block shows {FROM:?}"))?.output, str::trim)?;
    let picture = fs::read_to_string(BOOK.checkout().join("book/src/images/tour.svg"))?;
    if let Some(difference) = difference(text_of(&picture).trim_end(), expected.trim_end()) {
        bail!("book/src/images/tour.svg is out of date (see tests/book/main.rs):\n{difference}");
    }
    Ok(())
}

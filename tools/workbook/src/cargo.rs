//! cargo, and what it says in JSON.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The cargo that runs this program, else the one in PATH.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The arguments by which cargo finds what it has built for this program already: most of what the
/// workbook's other programs are made of.
pub fn as_we_were_built() -> Vec<OsString> {
    built_like(&env::current_exe().unwrap_or_default())
}

/// `program` is TARGET/PROFILE/workbook.
fn built_like(program: &Path) -> Vec<OsString> {
    let mut directories = program.ancestors().skip(1);
    match (directories.next().and_then(Path::file_name), directories.next()) {
        (Some(profile), Some(target)) if profile == "debug" || profile == "release" => {
            let profile = if profile == "debug" { "dev" } else { "release" };
            vec!["--profile".into(), profile.into(), "--target-dir".into(), target.into()]
        }
        _ => Vec::new(),
    }
}

/// cargo's messages, one JSON object a line.
pub fn messages(stdout: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// A compiler's message as the compiler would have shown it; not its closing "aborting due to 2
/// previous errors".
pub fn rendered(message: &Value) -> Option<String> {
    let diagnostic = &message["message"];
    let worth_it = diagnostic["level"] == "error" || has_place(message);
    let text = diagnostic["rendered"].as_str().filter(|_| worth_it)?;
    (!text.contains("aborting due to") && !text.contains("For more information about")).then(|| text.to_string())
}

pub fn has_place(message: &Value) -> bool {
    message["message"]["spans"].as_array().is_some_and(|spans| !spans.is_empty())
}

/// Where cargo put the program `name`.
pub fn executable(message: &Value, name: &str) -> Option<PathBuf> {
    let is_ours = message["reason"] == "compiler-artifact" && message["target"]["name"] == name;
    message["executable"].as_str().filter(|_| is_ours).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_told_where_and_how_this_program_was_built() {
        assert_eq!(built_like(Path::new("/t/debug/workbook")), ["--profile", "dev", "--target-dir", "/t"]);
        assert_eq!(built_like(Path::new("/t/release/workbook")), ["--profile", "release", "--target-dir", "/t"]);
        assert!(built_like(Path::new("/usr/bin/workbook")).is_empty());
        assert!(built_like(Path::new("")).is_empty());
    }

    #[test]
    fn the_closing_summary_of_the_compiler_is_left_out() {
        let error = serde_json::json!({"message": {"level": "error", "rendered": "error[E0308]: …", "spans": [{}]}});
        let closing =
            serde_json::json!({"message": {"level": "error", "rendered": "error: aborting due to 1 …", "spans": []}});
        let note = serde_json::json!({"message": {"level": "failure-note", "rendered": "For more …", "spans": []}});
        assert_eq!(rendered(&error).as_deref(), Some("error[E0308]: …"));
        assert_eq!(rendered(&closing), None);
        assert_eq!(rendered(&note), None);
    }

    #[test]
    fn lines_that_are_not_json_are_passed_over() {
        let found = messages(
            b"{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"x\"},\"executable\":\"/t/x\"}\nnoise\n",
        );
        assert_eq!(found.iter().find_map(|message| executable(message, "x")), Some(PathBuf::from("/t/x")));
        assert_eq!(found.iter().find_map(|message| executable(message, "y")), None);
    }
}

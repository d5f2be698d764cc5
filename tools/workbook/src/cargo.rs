//! cargo, and what it says in JSON.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// The cargo that runs this program, else the one in PATH.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// cargo's messages, one JSON object a line.
pub fn messages(stdout: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// A compiler's message as the compiler would have shown it; not its closing "aborting due to 2 previous errors".
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

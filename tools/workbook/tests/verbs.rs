//! The verbs as they are typed, on a small checkout of its own. (What `check` finds is `cargo wb
//! dev check`'s to prove: it takes builds.)

mod checkout;

use checkout::{Checkout, EXERCISE};

/// Whether this machine refuses what checks need. The verbs say so then, and the tests hold there
/// as well.
fn refused() -> bool {
    doctor::examine().verdict() != doctor::Verdict::Ready
}

#[test]
fn alone_it_names_what_is_next_and_without_a_terminal_there_is_no_colour() {
    let said = Checkout::new("next").wb(&[]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let check = if refused() { "cargo wb check --vm 1.2" } else { "cargo wb check 1.2" };
    assert!(said.stdout.contains(EXERCISE) && said.stdout.contains(check), "{check} is not in:\n{}", said.stdout);
    assert!(!said.stdout.contains('\x1b'));
}

#[test]
fn its_table_is_json_when_asked() {
    let said = Checkout::new("json").wb(&["--format", "json"]);
    let table: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(table["exercises"][0]["state"], "to-do");
    assert_eq!(table["exercises"][0]["file"], EXERCISE);
}

#[test]
fn a_check_of_all_builds_no_starter_and_there_is_something_to_do() {
    let checkout = Checkout::new("all");
    let said = checkout.wb(&["check"]);
    assert_eq!(said.code, if refused() { 3 } else { 1 }, "{}", said.stderr);
    assert!(said.stdout.contains("to do"), "{}", said.stdout);
    assert!(!checkout.0.join("target").exists());
}

#[test]
fn each_hint_shows_one_more() {
    let checkout = Checkout::new("hint");
    let first = checkout.wb(&["hint"]).stdout;
    let second = checkout.wb(&["hint", "hostname"]).stdout;
    assert!(first.contains("Hint 1 of") && !first.contains("Hint 2 of"), "{first}");
    assert!(second.contains("Hint 1 of") && second.contains("Hint 2 of"), "{second}");
}

#[test]
fn a_reset_brings_the_starter_back_and_keeps_each_answer_aside() {
    let checkout = Checkout::new("reset");
    let starter = checkout.read(EXERCISE);
    for (answer, aside) in
        [("first", ".wb/aside/01-namespaces/hostname.1.rs"), ("second", ".wb/aside/01-namespaces/hostname.2.rs")]
    {
        checkout.write(EXERCISE, answer);
        assert_eq!(checkout.wb(&["reset", "1.2"]).code, 0);
        assert_eq!(checkout.read(EXERCISE), starter);
        assert_eq!(checkout.read(aside), answer);
    }
    assert!(checkout.wb(&["reset", "1.2"]).stdout.contains("already"));
}

#[test]
fn a_file_that_is_no_text_stops_no_verb_and_is_kept_byte_by_byte() {
    let checkout = Checkout::new("bytes");
    let bytes = b"// \xc4\xe3\xba\xc3\n";
    std::fs::write(checkout.0.join(EXERCISE), bytes).expect("a temporary file");
    assert_eq!(checkout.wb(&[]).code, 0);
    assert_eq!(checkout.wb(&["reset", "1.2"]).code, 0);
    let kept = checkout.0.join(".wb/aside/01-namespaces/hostname.1.rs");
    assert_eq!(std::fs::read(kept).expect("it was kept"), bytes);
    assert!(checkout.read(EXERCISE).contains("todo!"));
}

#[test]
fn after_the_last_one_there_is_no_next_to_hint_at() {
    let checkout = Checkout::new("last");
    let table = checkout.wb(&["--format", "json"]).stdout;
    let table: serde_json::Value = serde_json::from_str(&table).expect("JSON");
    for exercise in table["exercises"].as_array().expect("a list") {
        let file = exercise["file"].as_str().expect("a path").replace("exercises/", ".wb/passed/");
        checkout.write(&file, "kept");
    }
    for verb in ["hint", "reset", "solution"] {
        let said = checkout.wb(&[verb]);
        assert!(said.code == 2 && said.stderr.contains("name the one"), "{verb}: {} {}", said.code, said.stderr);
    }
}

#[test]
fn the_solution_is_not_shown_by_accident() {
    let checkout = Checkout::new("solution");
    let refused = checkout.wb(&["solution", "1.2"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
    let shown = checkout.wb(&["solution", "1.2", "--yes"]).stdout;
    assert!(shown.contains("sethostname(name)") && !shown.contains("wb:") && !shown.contains("todo!"), "{shown}");
}

#[test]
fn a_passed_answer_is_passed_whatever_is_edited_later_and_its_solution_is_free() {
    let checkout = Checkout::new("passed");
    checkout.write(".wb/passed/01-namespaces/hostname.rs", "kept");
    checkout.write(EXERCISE, "edited since");
    assert!(checkout.wb(&[]).stdout.contains("1 of "));
    assert!(!checkout.wb(&[]).stdout.contains("check 1.2"), "1.3a is next");
    assert_eq!(checkout.wb(&["solution", "1.2"]).code, 0);
}

#[test]
fn starters_are_not_written_over_an_answer() {
    let checkout = Checkout::new("starters");
    checkout.write(EXERCISE, "my answer");
    assert_eq!(checkout.wb(&["dev", "starters"]).code, 1);
    assert_eq!(checkout.read(EXERCISE), "my answer");
    assert_eq!(checkout.wb(&["dev", "starters", "--force"]).code, 0);
    assert!(checkout.read(EXERCISE).contains("todo!"));
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let checkout = Checkout::new("usage");
    for wrong in [
        &["check", "9.9"][..],
        &["frobnicate"],
        &["hint", "nonsense"],
        &["--format", "xml"],
        &["--format", "json", "check"],
    ] {
        let said = checkout.wb(wrong);
        assert_eq!(said.code, 2, "{wrong:?}: {}", said.stderr);
        assert!(said.stdout.is_empty() && !said.stderr.is_empty());
    }
}

#[test]
fn doctor_says_ready_or_ends_with_3() {
    let said = Checkout::new("doctor").wb(&["doctor", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
    let expected = if report["ready"] == true { 0 } else { 3 };
    assert_eq!(said.code, expected, "{}", said.stdout);
    assert!(report["tools"].is_array() && report["machine"]["kernel"].is_string(), "{}", said.stdout);
}

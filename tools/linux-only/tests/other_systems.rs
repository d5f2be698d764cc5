//! The build script, asked for other systems than this one.

#[allow(dead_code)] // its `main` is cargo's to call
#[path = "../build.rs"]
mod build_script;

#[test]
fn on_other_systems_there_is_one_sentence_that_says_where_to_go() {
    for other in ["macos", "windows", "freebsd", ""] {
        let sentence = build_script::refusal(other).expect(other);
        // cargo shows one line.
        assert!(
            !sentence.contains('\n') && sentence.contains("Linux only") && sentence.contains("WSL 2"),
            "{sentence}"
        );
    }
    assert_eq!(build_script::refusal("linux"), None);
}

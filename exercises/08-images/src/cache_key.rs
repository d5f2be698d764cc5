//! Exercise 8.5a: a key that changes when it must.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.5a",
    name: "cache_key",
    title: "a key that changes when it must",
    kind: Kind::Repair,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "08-images",
    page: "08-images/building.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "The check shows two builds, and whether they should have one key. What of a file doesn't get \
         into the image, and is hashed? What does get into it, and isn't?",
        "`git clone` makes the same files with other times, in another place, and in any order. chmod \
         changes an image, and no content. A link is a link in the image, too: fs::metadata follows it.",
        "Hashing \"ab\" and then \"c\" is the same as hashing \"a\" and then \"bc\". A length before \
         each field, and the number of entries before each directory, make it unambiguous. \
         fs::symlink_metadata(…)?.mode() has type and permissions.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    TIMES = Mistake::new("times",
        "The key changes with the times of files.",
        "Each git clone would build everything anew. The times in the image are those of the copy.");
    ORDER = Mistake::new("order",
        "The key changes with the order in which files were made.",
        "readdir gives names in the file system's order. Sort them.");
    PLACE = Mistake::new("place",
        "The key changes with the directory that the context is in.",
        "Two people who build the same thing have the same files in other places. Hash names as they \
         are in the context.");
    NO_MODE = Mistake::new("no-mode",
        "chmod doesn't change the key.",
        "The script that couldn't be executed still can't, after the mending: the old layer is taken \
         from the cache.");
    NO_NAMES = Mistake::new("no-names",
        "Renaming a file doesn't change the key.",
        "The image has it by its old name then.");
    GLUED = Mistake::new("glued",
        "Two different steps have one key: what ends one field begins the next.",
        "Hashing has no commas. Write a length before each field, and the number of entries before \
         each directory.");
    FOLLOWED = Mistake::new("followed",
        "A link was followed.",
        "The image gets the link, so its target is what counts, and whether it is one. It may lead to \
         nothing, or to a gigabyte, or up.");
    NO_PARENT = Mistake::new("no-parent",
        "The image below doesn't change the key, or the instruction doesn't.",
        "FROM another image, and everything comes from the cache all the same.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    use anyhow::Result;
    use checker::cases::{Case, Slip, input, judge};
    use checker::{Judgement, Program, random};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        judge(program, &cases(), MISTAKES)
    }

    const KEPT: &str = "the same files have the same key, wherever, whenever and in which order they were made";
    const CHANGED: &str = "another parent, instruction, name, mode or content is another key";
    const APART: &str = "what ends one field never begins the next";
    const LINKS: &str = "a link is what it is, and not what it leads to";
    const REFUSED: &str = "a directory that can't be read is an error that says so";

    const SAME: &str = "the same key";
    const ANOTHER: &str = "another key";

    fn cases() -> Vec<Case> {
        let number = || random::within(1_000_000..2_000_000);
        let (a, b, time) = (&format!("a{}", number()), &format!("b{}", number()), number());
        let (parent, run, copy) = (&format!("sha256:{}", number()), &format!("RUN {a}"), "COPY . /srv");
        let file = |name: &str, content: &str| format!("f {name} 644 {time} {content}");
        let two = |claim, one: [&str; 3], other: [&str; 3], wanted: &str| {
            Case::is(claim, input(&[one, other].concat()), wanted)
        };
        let copied = |claim, one: &str, other: &str, wanted: &str| {
            let case = two(claim, [parent, copy, one], [parent, copy, other], wanted);
            // Whoever takes in where it is, has another key each time.
            if wanted == SAME { case.or(&PLACE, ANOTHER) } else { case }
        };
        let many: Vec<String> = (0..7).map(|number| file(&format!("{a}{number}"), b)).collect();
        let backwards: Vec<String> = many.iter().rev().cloned().collect();
        let (plain, dirs) = (file("page", a), format!("d src|{}|d empty", file("src/page", a)));
        let (ab, a_b) = (file("ab", "c"), file("a", "bc"));
        let deep = format!("d one|{}|{}", file("one/a", "x"), file("one/b", "x"));
        let flat = format!("d one|{}|{}", file("one/a", "x"), file("b", "x"));
        let (to_page, to_other) = (format!("{plain}|l to page"), format!("{plain}|l to other"));
        let (same_text, dangling) = (format!("{plain}|{}", file("to", a)), format!("{plain}|l to nowhere"));
        vec![
            copied(KEPT, &dirs, &dirs, SAME),
            two(KEPT, [parent, run, ""], [parent, run, ""], SAME),
            copied(KEPT, &plain, &format!("f page 644 {} {a}", time + 60), SAME).or(&TIMES, ANOTHER),
            copied(KEPT, &many.join("|"), &backwards.join("|"), SAME).or(&ORDER, ANOTHER),
            copied(CHANGED, &plain, &file("page", b), ANOTHER),
            copied(CHANGED, &plain, &format!("f page 755 {time} {a}"), ANOTHER).or(&NO_MODE, SAME),
            copied(CHANGED, &plain, &file(b, a), ANOTHER).or(&NO_NAMES, SAME),
            copied(CHANGED, &plain, &format!("{plain}|d {b}"), ANOTHER).or(&NO_NAMES, SAME),
            two(CHANGED, [parent, run, ""], [b, run, ""], ANOTHER).or(&NO_PARENT, SAME),
            two(CHANGED, [parent, run, ""], [parent, &format!("RUN {b}"), ""], ANOTHER).or(&NO_PARENT, SAME),
            copied(APART, &ab, &a_b, ANOTHER).or(&GLUED, SAME).or(&NO_NAMES, SAME),
            two(APART, [a, "1RUN x", ""], [&format!("{a}1"), "RUN x", ""], ANOTHER)
                .or(&GLUED, SAME)
                .or(&NO_PARENT, SAME),
            copied(APART, &deep, &flat, ANOTHER).or(&GLUED, SAME).or(&NO_NAMES, SAME),
            copied(LINKS, &to_page, &dangling, ANOTHER).slip(&FOLLOWED, Slip::Refuses).or(&FOLLOWED, SAME),
            copied(
                LINKS,
                &format!("{to_page}|{}", file("other", a)),
                &format!("{to_other}|{}", file("other", a)),
                ANOTHER,
            )
            .or(&FOLLOWED, SAME),
            copied(LINKS, &to_page, &same_text, ANOTHER).or(&FOLLOWED, SAME).or(&NO_MODE, SAME),
            copied(LINKS, &dangling, &dangling, SAME).slip(&FOLLOWED, Slip::Refuses),
            Case::refused(REFUSED, input(&[parent, copy, "missing", parent, copy, "missing"]))
                .slip(&BARE_ERRNO, Slip::Bare),
        ]
    }
}

//! Exercise 8.2b: attack a store through a digest, and the defence.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.2b",
    name: "blob_path",
    title: "attack a store through a digest, and the defence",
    kind: Kind::Break,
    minutes: 20,
    difficulty: Difficulty::Easy,
    chapter: "08-images",
    page: "08-images/blobs.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "The store checks only the length of the text. How can you make a path of 64 bytes that leads to \
         the target?",
        "Path::join with a path that begins with / returns only that path. And ///etc/x is the same file as \
         /etc/x. format! can pad to a width: {:x>5} pads with x on the left.",
        "For the defence, don't check for bad characters. Check for the good ones: the prefix, and 64 bytes, \
         each of them one of 16 characters. char::is_ascii_hexdigit accepts six more.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    TOO_SHORT = Mistake::new("too-short",
        "The store found that the digest doesn't have 64 characters.",
        "It counts bytes. You can make a path longer without changing the file that it leads to.");
    TWO_NAMES = Mistake::new("two-names",
        "The function accepts a digest with capital letters.",
        "The same blob would have two names and two files, one of which would never be removed. The \
         specification requires lower-case letters. is_ascii_hexdigit accepts both.");
    NO_LENGTH = Mistake::new("no-length",
        "The function accepts a digest with too few or too many digits.",
        "sha256: without digits leads to the directory itself, and removing this \"blob\" would remove all \
         blobs.");
    ANOTHER_ALGORITHM = Mistake::new("another-algorithm",
        "The function accepts a digest of another algorithm.",
        "Its file would be among those of sha256, although its content wasn't verified with sha256.");
    ONLY_DOTS = Mistake::new("only-dots",
        "The function refuses texts with .., but accepts other invalid texts.",
        "A list of bad texts is never complete: an absolute path needs no dots. Check for the allowed \
         characters.");
    ONLY_LENGTH = Mistake::new("only-length",
        "The function accepts any 64 characters.",
        "This is the bug of the insecure store. Check each character.");
    PANICS = Mistake::new("panics",
        "The function panics for an invalid text.",
        "&digest[..7] panics if there are fewer bytes, or if byte 7 is in the middle of a character. \
         strip_prefix doesn't panic. With an untrusted text, an attacker could stop the daemon.");
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

    const ATTACK: &str = "the insecure store returns a file from outside";
    const GOOD: &str = "for a digest, the function returns the path of its file in the store";
    const PATHS: &str = "a path is refused, with or without dots, and with any length";
    const ALMOST: &str = "a text that is almost a digest is refused";

    fn cases() -> Vec<Case> {
        let secret = format!("secret {}", random::within(0..u32::MAX));
        let target = format!("/tmp/host-{}/key", random::within(0..1_000_000));
        let hex: String = (0..8).map(|_| format!("{:08x}", random::within(0..u32::MAX))).collect();
        // In capital letters it has to be another one.
        let hex = &format!("{}a", &hex[..63]);
        let mut cases = vec![
            Case::expects(ATTACK, input(&["attack", &target, &secret]), &secret)
                .displayed_as(format!("to read {target}"))
                .or(&TOO_SHORT, "the store said: a digest has 64 digits"),
            Case::expects(GOOD, input(&["defence", &format!("sha256:{hex}")]), format!("/srv/blobs/sha256/{hex}"))
                .displayed_as(format!("sha256:{hex}")),
        ];
        let refused = |claim, digest: &str, mistakes: &[&'static Mistake]| {
            let shown = if digest.is_empty() { "an empty text" } else { digest };
            let case = Case::refused(claim, input(&["defence", digest])).displayed_as(shown);
            mistakes.iter().fold(case.slip(&PANICS, Slip::Panics), |case, mistake| case.slip(mistake, Slip::Accepts))
        };
        let padded = format!("{:/>64}", target);
        let dots = format!("{:.<64}", "../../../../../etc/");
        cases.extend([
            refused(PATHS, &format!("sha256:{padded}"), &[&ONLY_DOTS, &ONLY_LENGTH]),
            refused(PATHS, &format!("sha256:{target}"), &[&ONLY_DOTS]),
            refused(PATHS, "sha256:../../../../etc/passwd", &[]),
            refused(PATHS, &format!("sha256:{dots}"), &[&ONLY_LENGTH]),
            refused(ALMOST, &format!("sha256:{}", hex.to_uppercase()), &[&TWO_NAMES, &ONLY_DOTS, &ONLY_LENGTH]),
            refused(ALMOST, "sha256:", &[&NO_LENGTH, &ONLY_DOTS]),
            refused(ALMOST, &format!("sha256:{}", &hex[1..]), &[&NO_LENGTH, &ONLY_DOTS]),
            refused(ALMOST, &format!("sha256:{hex}0"), &[&NO_LENGTH, &ONLY_DOTS]),
            refused(ALMOST, &format!("sha256:{}g", &hex[1..]), &[&ONLY_DOTS, &ONLY_LENGTH]),
            refused(ALMOST, &format!("sha256:{}é", &hex[2..]), &[&ONLY_DOTS, &ONLY_LENGTH]),
            refused(ALMOST, &format!("sha512:{hex}"), &[&ANOTHER_ALGORITHM]),
            refused(ALMOST, hex, &[&ANOTHER_ALGORITHM]),
            refused(ALMOST, "", &[]),
            refused(ALMOST, "shaé56:", &[&ANOTHER_ALGORITHM]),
        ]);
        cases
    }
}

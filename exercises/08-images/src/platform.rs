//! Exercise 8.3: choose the image for a machine.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.3",
    name: "platform",
    title: "choose the image for a machine",
    kind: Kind::Build,
    minutes: 20,
    difficulty: Difficulty::Easy,
    chapter: "08-images",
    page: "08-images/platforms.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "First translate the machine's name to an architecture and a variant, as an index uses them. Then \
         check each offer: does it fit, and is it better than the best one so far?",
        "The variants are v5, v6, v7 and v8. You can compare them as strings; the empty string is less than \
         all of them. For arm and arm64, an offer without a variant has a default variant.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    ONLY_THE_SAME = Mistake::new("only-the-same",
        "The function refuses an image that would run.",
        "A v7 machine also runs images for v6. And an offer for arm64 usually has no variant, which means v8.");
    UNAME = Mistake::new("uname",
        "An index has no x86_64, and no aarch64.",
        "An index uses Go's names: amd64, arm64. Translate the kernel's names.");
    ANOTHER_SYSTEM = Mistake::new("another-system",
        "The function chose an image for a system other than Linux.",
        "windows/amd64 also has the right architecture. And unknown/unknown isn't an image: BuildKit adds \
         such entries for attestations.");
    TOO_NEW = Mistake::new("too-new",
        "For a machine with arm v6, the function chose an image for v7.",
        "The processor lacks some instructions of v7, so programs end with SIGILL. The variant must not be \
         higher than the machine's. And arm without a variant means v7.");
    THE_FIRST = Mistake::new("the-first",
        "The function chose the first fitting offer, although a better one follows.",
        "The order in an index has no meaning. An image for v6 runs on a v7 machine, but more slowly.");
    WITHOUT_A_PLATFORM = Mistake::new("without-a-platform",
        "The function chose an offer without a platform.",
        "Such an image may be for any machine, so it never fits.");
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

    const PLAIN: &str = "for the kernel's name of a machine, its image is chosen";
    const VARIANT: &str = "of the arm variants that the machine runs, the highest is chosen";
    const SYSTEM: &str = "an image for another system, or without a platform, is never chosen";
    const NONE: &str = "if nothing fits, there is an error that lists the offers";

    fn cases() -> Vec<Case> {
        let digests: Vec<String> = (0..6).map(|_| format!("sha256:{:07x}", random::within(0..0x1000_0000))).collect();
        let case = |claim, machine: &str, platforms: &[&str], wanted: Option<usize>| {
            let offers = platforms.iter().zip(&digests).map(|(platform, digest)| match *platform {
                "" => digest.clone(),
                platform => format!("{digest}={platform}"),
            });
            let words: Vec<String> = [machine.to_string()].into_iter().chain(offers).collect();
            let words = input(&words.iter().map(String::as_str).collect::<Vec<_>>());
            match wanted {
                Some(number) => Case::expects(claim, words, &digests[number]),
                None => Case::refused(claim, words),
            }
        };
        let all = ["linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64", "linux/riscv64", "linux/s390x"];
        let mut cases = vec![
            case(PLAIN, "x86_64", &all, Some(0)).slip(&UNAME, Slip::Refuses),
            case(PLAIN, "aarch64", &all, Some(3)).slip(&UNAME, Slip::Refuses).slip(&ONLY_THE_SAME, Slip::Refuses),
            case(PLAIN, "riscv64", &all, Some(4)),
            case(PLAIN, "aarch64", &["linux/amd64", "linux/arm64/v8"], Some(1))
                .slip(&UNAME, Slip::Refuses)
                .slip(&ONLY_THE_SAME, Slip::Refuses),
        ];
        let arm = |machine: &str, platforms: &[&str], wanted| {
            case(VARIANT, machine, platforms, wanted).slip(&UNAME, Slip::Refuses)
        };
        cases.extend([
            arm("armv7l", &["linux/arm/v6", "linux/arm/v7", "linux/arm/v5"], Some(1)).or(&THE_FIRST, &digests[0]),
            arm("armv7l", &["linux/arm64", "linux/arm/v5", "linux/arm/v6"], Some(2))
                .or(&THE_FIRST, &digests[1])
                .slip(&ONLY_THE_SAME, Slip::Refuses),
            arm("armv6l", &["linux/arm/v7", "linux/arm/v6"], Some(1)).or(&TOO_NEW, &digests[0]),
            arm("armv6l", &["linux/arm", "linux/arm/v5"], Some(1))
                .or(&TOO_NEW, &digests[0])
                .slip(&ONLY_THE_SAME, Slip::Refuses),
            arm("armv7l", &["linux/arm/v6", "linux/arm"], Some(1))
                .or(&THE_FIRST, &digests[0])
                .or(&ONLY_THE_SAME, &digests[0])
                .slip(&ONLY_THE_SAME, Slip::Refuses),
            arm("armv7l", &["linux/arm/v7", "linux/arm/v7"], Some(0)),
            case(SYSTEM, "x86_64", &["windows/amd64", "unknown/unknown", "linux/amd64"], Some(2))
                .or(&ANOTHER_SYSTEM, &digests[0])
                .slip(&UNAME, Slip::Refuses),
            case(SYSTEM, "s390x", &["", "linux/amd64", "linux/s390x"], Some(2)).or(&WITHOUT_A_PLATFORM, &digests[0]),
            case(NONE, "x86_64", &["linux/arm64", "unknown/unknown"], None).slip(&ANOTHER_SYSTEM, Slip::Accepts),
            case(NONE, "armv6l", &["linux/arm/v7"], None).slip(&TOO_NEW, Slip::Accepts),
            case(NONE, "s390x", &[""], None).slip(&WITHOUT_A_PLATFORM, Slip::Accepts),
            case(NONE, "x86_64", &["windows/amd64"], None).slip(&ANOTHER_SYSTEM, Slip::Accepts),
            case(NONE, "x86_64", &[], None),
        ]);
        cases
    }
}

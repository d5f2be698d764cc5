//! Exercise 8.3: the image for this machine.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.3",
    name: "platform",
    title: "the image for this machine",
    kind: Kind::Build,
    minutes: 20,
    difficulty: Difficulty::Easy,
    chapter: "08-images",
    page: "08-images/platforms.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "Two steps. First the machine's name becomes an architecture and a variant, as an index writes \
         them. Then go through the offers: which fit, and is this one better than the best so far?",
        "Variants are v5, v6, v7, v8: as texts they compare as they should, and the empty text is less \
         than all of them. An offer without a variant has one all the same, if it is for arm or arm64.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    ONLY_THE_SAME = Mistake::new("only-the-same",
        "An image that would run was refused.",
        "A v7 runs what is for v6. And an offer for arm64 mostly has no variant: v8 is meant.");
    UNAME = Mistake::new("uname",
        "An index has no x86_64, and no aarch64.",
        "Go's names are in it: amd64, arm64. The kernel's have to be translated.");
    ANOTHER_SYSTEM = Mistake::new("another-system",
        "An image for another system than Linux was chosen.",
        "windows/amd64 has the right architecture, too. And unknown/unknown is no image at all: \
         BuildKit puts such entries beside it, with a proof of its making in them.");
    TOO_NEW = Mistake::new("too-new",
        "A machine with arm v6 got an image for v7.",
        "Its processor lacks the instructions: the program dies of SIGILL, some time. The variant may \
         not be later than the machine's. And arm without a variant is v7.");
    THE_FIRST = Mistake::new("the-first",
        "The first offer that fits was taken, and a better one comes later.",
        "The order in an index says nothing. v6 runs on a v7, only slower.");
    WITHOUT_A_PLATFORM = Mistake::new("without-a-platform",
        "An offer that doesn't say what it is for was taken.",
        "It may be for anything. Without a platform, nothing fits.");
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

    const PLAIN: &str = "the kernel's name for a machine finds the image that is for it";
    const VARIANT: &str = "of the arm variants that the machine runs, it is the latest";
    const SYSTEM: &str = "what is for another system, or for none, is never chosen";
    const NONE: &str = "if nothing fits, that is an error that says what there is";

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
                Some(number) => Case::is(claim, words, &digests[number]),
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

//! Exercise 7.2: split off and negotiate API versions.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "7.2",
    name: "version",
    title: "split off and negotiate API versions",
    kind: Kind::Build,
    minutes: 30,
    difficulty: Difficulty::Easy,
    chapter: "07-daemon",
    page: "07-daemon/version.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "Only the first component of the path may be a version, and only if it consists of a `v`, a number, \
         a dot and a number. /volumes and /version also begin with a v.",
        "A version consists of two integers, so 1.9 is older than 1.10. Rust compares tuples in the same \
         way: (1, 9) < (1, 10).",
        "Use path.strip_prefix(\"/v\"), then split_once('/') and split_once('.'). If one of them returns \
         None, the path may have no version. `negotiate` returns the older of the two versions, and uses \
         (1, 24) without a header.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    EVERY_V = Mistake::new("every-v",
        "The function finds a version in every path that begins with a v.",
        "/volumes and /version are paths of the API. A version is a v, a number, a dot and a number.");
    EVERYWHERE = Mistake::new("everywhere",
        "The function takes a later component of the path for a version.",
        "A container may be called v1.41. Only the first component may be a version.");
    WITHOUT_THE_ENDS = Mistake::new("without-the-ends",
        "The function refuses the oldest or the newest supported version.",
        "The daemon supports both.");
    NOT_NUMBERS = Mistake::new("not-numbers",
        "The function compares versions as strings or as decimal fractions.",
        "1.9 is older than 1.10, because each part is an integer. As a string or a fraction, it would be \
         newer.");
    MINOR_ONLY = Mistake::new("minor-only",
        "The function compares only the number after the dot.",
        "A version 2.0 would be newer than 1.24.");
    NOT_CHECKED = Mistake::new("not-checked",
        "The function accepts a version that the daemon doesn't support.",
        "The client would send fields that the daemon doesn't know, and get answers that it can't read. \
         Return an error, which the client prints.");
    NO_HEADER = Mistake::new("no-header",
        "Without a header, the client uses its newest version.",
        "A daemon without the header is older than negotiation, so use 1.24.");
    NEWER_OF_BOTH = Mistake::new("newer-of-both",
        "The client uses a version that the client or the daemon doesn't support.",
        "The older of the two versions is the newest one that both support.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! Paths and headers, and what a correct function and each of the mistakes makes of them.

    use anyhow::Result;
    use checker::cases::{self, Case, Slip, input};
    use checker::{Judgement, Program, random};

    use super::*;

    type Version = (u32, u32);

    pub fn check(program: &Program) -> Result<Judgement> {
        cases::judge(program, &all_cases(), MISTAKES)
    }

    const TAKEN_OFF: &str = "the version at the beginning of a path is split off, and nothing else";
    const WITHOUT: &str = "a path without a version doesn't change, and the newest version is returned";
    const RANGE: &str = "every version from the oldest to the newest is accepted";
    const REFUSED: &str = "for a version that is too old or too new, there is an error that names the supported ones";
    const OLDER: &str = "the client uses the older one of its own version and the daemon's";
    const NONE: &str = "without a header, the client uses 1.24";
    const GARBAGE: &str = "for a header that isn't a version, the function returns an error";

    fn all_cases() -> Vec<Case> {
        let (old, new) = (random::within(30..40), random::within(104..110));
        let between = random::within(41..99);
        let id = format!("{:06x}", random::within(0..0x100_0000));
        let split = |claim, path: String| split_case(claim, &path, [(1, old), (1, new)]);
        let negotiate = |claim, newest: Version, header: Option<&str>| negotiate_case(claim, newest, header);
        vec![
            split(TAKEN_OFF, format!("/v1.{between}/containers/{id}/json")),
            split(TAKEN_OFF, format!("/v1.{between}/containers/v1.{old}/json")),
            split(TAKEN_OFF, format!("/v1.{between}/v1.{old}/{id}")),
            split(TAKEN_OFF, format!("/v1.{between}")),
            split(WITHOUT, format!("/containers/{id}/json")),
            split(WITHOUT, format!("/volumes/{id}")),
            split(WITHOUT, "/version".into()),
            split(WITHOUT, format!("/v{between}/{id}")),
            split(WITHOUT, format!("/containers/v1.{between}")),
            split(RANGE, format!("/v1.{old}/info")),
            split(RANGE, format!("/v1.{new}/info")),
            split(RANGE, "/v1.100/info".into()),
            split(REFUSED, format!("/v1.{}/info", new + 1)),
            split(REFUSED, format!("/v1.{}/info", old - 1)),
            split(REFUSED, "/v1.4/info".into()),
            split(REFUSED, format!("/v2.{between}/info")),
            split(REFUSED, format!("/v0.{between}/info")),
            negotiate(OLDER, (1, new), Some(&format!("1.{between}"))),
            negotiate(OLDER, (1, between), Some(&format!("1.{new}"))),
            negotiate(OLDER, (1, between), Some(&format!("1.{between}"))),
            negotiate(OLDER, (1, between), Some("1.9")),
            negotiate(NONE, (1, between), None),
            negotiate(GARBAGE, (1, between), Some("newest")),
            negotiate(GARBAGE, (1, between), Some("47")),
        ]
    }

    fn split_case(claim: &'static str, path: &str, range: [Version; 2]) -> Case {
        let words = ["split".to_string(), path.to_string(), text(range[0]), text(range[1])];
        let shown = format!("{path}, from {} to {}", words[2], words[3]);
        case(claim, &words, shown, |slip| split(path, range, slip))
    }

    fn negotiate_case(claim: &'static str, newest: Version, header: Option<&str>) -> Case {
        let words = ["negotiate".to_string(), text(newest), header.unwrap_or("-").to_string()];
        let shown = format!("a client of {}, Api-Version {}", words[1], header.unwrap_or("missing"));
        case(claim, &words, shown, |slip| negotiate(newest, header, slip))
    }

    /// With what `model` makes of it: without a mistake, and with each.
    fn case(claim: &'static str, words: &[String], shown: String, model: impl Fn(&str) -> Option<String>) -> Case {
        let words = input(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let case = match model("") {
            Some(expected) => Case::expects(claim, words, expected),
            None => Case::refused(claim, words),
        };
        let slip = |mistake: &Mistake| model(mistake.id).map_or(Slip::Refuses, Slip::Returns);
        MISTAKES.iter().fold(case.displayed_as(shown), |case, mistake| case.slip(mistake, slip(mistake)))
    }

    fn text((major, minor): Version) -> String {
        format!("{major}.{minor}")
    }

    fn parsed(text: &str) -> Option<Version> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    }

    /// What the function returns that has made this mistake; `None` if it refuses.
    fn split(path: &str, [oldest, newest]: [Version; 2], slip: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let of_part = |part: &str| part.strip_prefix('v').and_then(parsed);
        let version = if slip == EVERYWHERE.id {
            parts.iter().find_map(|part| of_part(part))
        } else {
            parts.first().and_then(|part| of_part(part))
        };
        let Some(version) = version else {
            let is_taken = slip == EVERY_V.id && path.starts_with("/v");
            return (!is_taken).then(|| format!("{} {path}", text(newest)));
        };
        let speaks = match () {
            () if slip == NOT_CHECKED.id => true,
            () if slip == NOT_NUMBERS.id => text(version) >= text(oldest) && text(version) <= text(newest),
            () if slip == MINOR_ONLY.id => version.1 >= oldest.1 && version.1 <= newest.1,
            () if slip == WITHOUT_THE_ENDS.id => version > oldest && version < newest,
            () => version >= oldest && version <= newest,
        };
        let rest: Vec<&str> = match slip == EVERYWHERE.id {
            true => parts.into_iter().filter(|part| of_part(part).is_none()).collect(),
            false => parts.into_iter().skip(1).collect(),
        };
        speaks.then(|| format!("{} /{}", text(version), rest.join("/")))
    }

    fn negotiate(newest: Version, header: Option<&str>, slip: &str) -> Option<String> {
        let Some(header) = header else {
            return Some(if [NO_HEADER.id, NEWER_OF_BOTH.id].contains(&slip) { text(newest) } else { "1.24".into() });
        };
        let daemons = parsed(header)?;
        Some(match () {
            () if slip == NEWER_OF_BOTH.id => text(daemons.max(newest)),
            () if slip == NOT_NUMBERS.id => text(daemons).min(text(newest)),
            () => text(daemons.min(newest)),
        })
    }
}

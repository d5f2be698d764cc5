//! Exercise 8.1: parse an image reference.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.1",
    name: "reference",
    title: "parse an image reference",
    kind: Kind::Build,
    minutes: 25,
    difficulty: Difficulty::Easy,
    chapter: "08-images",
    page: "08-images/names.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "A port, a tag and a digest have a colon before them or in them. In which order must you split off \
         the parts, so the colons aren't confused?",
        "str::split_once returns Option<(&str, &str)>. The digest is after the @. In the rest, the text before \
         the first / may be the host. In the remaining text, the tag is after the colon.",
        "Check four parts at the end: the host, each component of path.split('/'), the tag, and the digest. \
         An empty component is invalid. Note that \"\".split('/') returns one component: \"\".",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    FIRST_IS_HOST = Mistake::new("first-is-host",
        "The function took alice/app for an image on the host alice.",
        "The first part is a host only if it contains a . or a :, or is localhost. Otherwise it may be a \
         user's name on docker.io.");
    NO_LIBRARY = Mistake::new("no-library",
        "The repository of nginx is nginx instead of library/nginx.",
        "On Docker Hub, the official images are in library/. There is no repository nginx.");
    LIBRARY_EVERYWHERE = Mistake::new("library-everywhere",
        "An image on another registry got library/.",
        "library/ exists only on Docker Hub. The repository of localhost:5000/app is app.");
    LATEST_BESIDE_THE_DIGEST = Mistake::new("latest-beside-the-digest",
        "A reference with a digest got the tag latest.",
        "A digest always names the same image. With this tag, `pull` would assign latest to an old image.");
    PORT_AS_TAG = Mistake::new("port-as-tag",
        "The function took a host's port for a tag.",
        "localhost:5000/app has a colon but no tag. Split off the host first.");
    TAG_OF_THE_DIGEST = Mistake::new("tag-of-the-digest",
        "The function took the colon of a digest for that of a tag.",
        "sha256:… contains a colon. Split off the text after the @ first.");
    TAKES_ALL = Mistake::new("takes-all",
        "The function accepts an invalid reference.",
        "Parts of a reference are used in paths and URLs, so ../x must be invalid. And no registry has a \
         repository Nginx, so an early error is more helpful.");
}

#[cfg(feature = "checks")]
pub mod check {
    use anyhow::Result;
    use checker::cases::{Case, Slip, judge};
    use checker::{Judgement, Program, random};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        judge(program, &cases(), MISTAKES)
    }

    const SHORT: &str = "the missing parts of a short name get default values: host, library/, latest";
    const HOST: &str = "the first part is a host if it looks like one, and may have a port";
    const DIGEST: &str = "a digest is kept, and no default tag is added";
    const REFUSED: &str = "for an invalid reference, the function returns an error";

    fn cases() -> Vec<Case> {
        let app = &format!("app{}", random::within(0..1_000_000));
        let user = &format!("user-{}", random::within(0..1_000_000));
        let port = random::within(1024..60_000);
        let tag = &format!("v{}", random::within(0..100));
        let digest =
            &format!("sha256:{}", (0..8).map(|_| format!("{:08x}", random::within(0..u32::MAX))).collect::<String>());
        let parts = |host: &str, repository: &str, tag: &str, digest: &str| {
            format!("host {host}, repository {repository}, tag {tag}, digest {digest}")
        };
        let hub = "docker.io";
        let mut cases = vec![
            Case::expects(SHORT, app, parts(hub, &format!("library/{app}"), "latest", "none"))
                .or(&NO_LIBRARY, parts(hub, app, "latest", "none")),
            Case::expects(SHORT, format!("{app}:{tag}"), parts(hub, &format!("library/{app}"), tag, "none"))
                .or(&NO_LIBRARY, parts(hub, app, tag, "none"))
                .slip(&PORT_AS_TAG, Slip::Refuses),
            Case::expects(SHORT, format!("{user}/{app}:{tag}"), parts(hub, &format!("{user}/{app}"), tag, "none"))
                .or(&FIRST_IS_HOST, parts(user, app, tag, "none"))
                .or(&LIBRARY_EVERYWHERE, parts(hub, &format!("library/{user}/{app}"), tag, "none")),
            Case::expects(SHORT, format!("docker.io/{app}"), parts(hub, &format!("library/{app}"), "latest", "none"))
                .or(&NO_LIBRARY, parts(hub, app, "latest", "none")),
            Case::expects(
                HOST,
                format!("ghcr.io/{user}/{app}"),
                parts("ghcr.io", &format!("{user}/{app}"), "latest", "none"),
            ),
        ];
        let local = &format!("localhost:{port}");
        cases.push(
            Case::expects(HOST, format!("localhost/{app}"), parts("localhost", app, "latest", "none"))
                .or(&LIBRARY_EVERYWHERE, parts("localhost", &format!("library/{app}"), "latest", "none")),
        );
        for (text, wanted) in [(format!("{local}/{app}"), "latest"), (format!("{local}/{app}:{tag}"), tag)] {
            cases.push(
                Case::expects(HOST, text, parts(local, app, wanted, "none"))
                    .slip(&PORT_AS_TAG, Slip::Refuses)
                    .slip(&PORT_AS_TAG, Slip::Accepts)
                    .or(&LIBRARY_EVERYWHERE, parts(local, &format!("library/{app}"), wanted, "none")),
            );
        }
        let with_digest = |text: &str, tag: &str, wrong_tag: &str, host: &str, repository: &str| {
            Case::expects(DIGEST, format!("{text}@{digest}"), parts(host, repository, tag, digest))
                .or(&LATEST_BESIDE_THE_DIGEST, parts(host, repository, wrong_tag, digest))
                .or(&FIRST_IS_HOST, parts(user, app, tag, digest))
                .slip(&TAG_OF_THE_DIGEST, Slip::Accepts)
                .slip(&TAG_OF_THE_DIGEST, Slip::Refuses)
        };
        let repository = &format!("{user}/{app}");
        cases.push(with_digest(repository, "none", "latest", hub, repository));
        cases.push(
            with_digest(&format!("{local}/{app}:{tag}"), tag, tag, local, app)
                .slip(&PORT_AS_TAG, Slip::Refuses)
                .slip(&PORT_AS_TAG, Slip::Accepts)
                .or(&LIBRARY_EVERYWHERE, parts(local, &format!("library/{app}"), tag, digest)),
        );
        let bad = [
            String::new(),
            format!("A{app}"),
            format!("../{app}"),
            format!("{user}//{app}"),
            format!("{user}/../{app}"),
            format!("/{app}"),
            format!("{app}/"),
            format!("{app}:"),
            format!("{app}:.{tag}"),
            format!("{app}:{}", "x".repeat(129)),
            format!("-{app}"),
            format!("{app} {tag}"),
            "ghcr.io/".into(),
            format!("{app}@sha256:{tag}"),
            format!("{app}@{}", digest.to_uppercase()),
            format!("{app}@{}g", &digest[..digest.len() - 1]),
            format!("gh_cr.io:80/{app}"),
        ];
        for text in bad {
            let shown = if text.is_empty() { "an empty text".to_string() } else { text.clone() };
            cases.push(Case::refused(REFUSED, text.as_str()).displayed_as(shown).slip(&TAKES_ALL, Slip::Accepts));
        }
        cases
    }
}

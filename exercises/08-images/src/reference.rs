//! Exercise 8.1: a name with all its parts.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.1",
    name: "reference",
    title: "a name with all its parts",
    kind: Kind::Build,
    minutes: 25,
    difficulty: Difficulty::Easy,
    chapter: "08-images",
    page: "08-images/names.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "Three parts have a colon before them or in them: a port, a tag, a digest. Which end do you \
         have to begin at, so that each is found once?",
        "str::split_once gives Option<(&str, &str)>. The digest is behind the @. Of what is left, the \
         host is before the first /, if it is one. The tag is behind the : of what is left then.",
        "Four checks at the end: host, each part of path.split('/'), tag, digest. An empty text is no \
         part, and \"\".split('/') has one: \"\".",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    FIRST_IS_HOST = Mistake::new("first-is-host",
        "alice/app was taken for an image on the host alice.",
        "Only a . or a : in it, or the name localhost, makes the first part a host. It is a rule that \
         can't be guessed: people have user names.");
    NO_LIBRARY = Mistake::new("no-library",
        "nginx is taken for a repository nginx.",
        "Docker Hub keeps its official images in library/. A registry that is asked for nginx itself \
         doesn't have it.");
    LIBRARY_EVERYWHERE = Mistake::new("library-everywhere",
        "An image of another registry is looked for in library/.",
        "library/ is Docker Hub's. What localhost:5000/app names is called app there.");
    LATEST_BESIDE_THE_DIGEST = Mistake::new("latest-beside-the-digest",
        "A name with a digest got the tag latest.",
        "A digest names one image for ever. With the tag beside it, your `pull` would make latest that \
         old image.");
    PORT_AS_TAG = Mistake::new("port-as-tag",
        "A host's port was taken for a tag.",
        "localhost:5000/app has a colon and no tag. Take the host away first: the tag is behind the \
         last /.");
    TAG_OF_THE_DIGEST = Mistake::new("tag-of-the-digest",
        "In a name with a digest, the digest's own colon was taken for that of a tag.",
        "sha256:… has a colon in it. What is behind the @ has to be taken away first.");
    TAKES_ALL = Mistake::new("takes-all",
        "A text that is no name was taken for one.",
        "A part of a name becomes part of a path on the disk, and part of a URL: ../x must be none. \
         And Nginx isn't on any registry: it is better to say so than to ask.");
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

    const SHORT: &str = "a short name is completed: host, library/, latest";
    const HOST: &str = "the first part is a host if it looks like one, and may have a port";
    const DIGEST: &str = "a digest is kept, and no tag is added to it";
    const REFUSED: &str = "what is no name is an error that says so";

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
            Case::is(SHORT, app, parts(hub, &format!("library/{app}"), "latest", "none"))
                .or(&NO_LIBRARY, parts(hub, app, "latest", "none")),
            Case::is(SHORT, format!("{app}:{tag}"), parts(hub, &format!("library/{app}"), tag, "none"))
                .or(&NO_LIBRARY, parts(hub, app, tag, "none"))
                .slip(&PORT_AS_TAG, Slip::Refuses),
            Case::is(SHORT, format!("{user}/{app}:{tag}"), parts(hub, &format!("{user}/{app}"), tag, "none"))
                .or(&FIRST_IS_HOST, parts(user, app, tag, "none"))
                .or(&LIBRARY_EVERYWHERE, parts(hub, &format!("library/{user}/{app}"), tag, "none")),
            Case::is(SHORT, format!("docker.io/{app}"), parts(hub, &format!("library/{app}"), "latest", "none"))
                .or(&NO_LIBRARY, parts(hub, app, "latest", "none")),
            Case::is(
                HOST,
                format!("ghcr.io/{user}/{app}"),
                parts("ghcr.io", &format!("{user}/{app}"), "latest", "none"),
            ),
        ];
        let local = &format!("localhost:{port}");
        cases.push(
            Case::is(HOST, format!("localhost/{app}"), parts("localhost", app, "latest", "none"))
                .or(&LIBRARY_EVERYWHERE, parts("localhost", &format!("library/{app}"), "latest", "none")),
        );
        for (text, wanted) in [(format!("{local}/{app}"), "latest"), (format!("{local}/{app}:{tag}"), tag)] {
            cases.push(
                Case::is(HOST, text, parts(local, app, wanted, "none"))
                    .slip(&PORT_AS_TAG, Slip::Refuses)
                    .slip(&PORT_AS_TAG, Slip::Accepts)
                    .or(&LIBRARY_EVERYWHERE, parts(local, &format!("library/{app}"), wanted, "none")),
            );
        }
        let with_digest = |text: &str, tag: &str, wrong_tag: &str, host: &str, repository: &str| {
            Case::is(DIGEST, format!("{text}@{digest}"), parts(host, repository, tag, digest))
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
            cases.push(Case::refused(REFUSED, text.as_str()).shown(shown).slip(&TAKES_ALL, Slip::Accepts));
        }
        cases
    }
}

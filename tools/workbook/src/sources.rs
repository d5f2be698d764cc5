//! Which source files went into an answer's program: the compiler wrote them down in its dep-info
//! file.

use std::path::{Path, PathBuf};

/// A file that an answer has no business to include.
#[derive(Debug, PartialEq, Eq)]
pub enum Foreign {
    /// From `solutions/`.
    Solution(PathBuf),
    /// Any other: an answer is one file, so that a copy of it is the whole of it.
    Other(PathBuf),
}

/// The prerequisites in a dep-info file, in which a blank within a name is written `\ `.
pub fn prerequisites(dep_info: &str) -> Vec<PathBuf> {
    let Some((_, list)) = dep_info.lines().next().and_then(|rule| rule.split_once(": ")) else { return Vec::new() };
    let mut files = vec![String::new()];
    let mut letters = list.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&' ') => {
                letters.next();
                files.last_mut().expect("begun with one").push(' ');
            }
            ' ' => files.push(String::new()),
            letter => files.last_mut().expect("begun with one").push(letter),
        }
    }
    files.into_iter().filter(|file| !file.is_empty()).map(PathBuf::from).collect()
}

/// The first of `files` that may not be part of `answer`. All paths are canonical, so that no link
/// or `..` hides one.
///
/// What belongs to the given program (crates of the checkout, what build scripts generated under
/// `target`) may.
pub fn foreign(files: &[PathBuf], answer: &Path, checkout: &Path, target: &Path) -> Option<Foreign> {
    let others = files.iter().filter(|file| *file != answer);
    let mut foreign = others.filter(|file| !file.starts_with(target) && !is_given(file, checkout));
    let solutions = checkout.join("solutions");
    let first = foreign.next()?;
    let solution = [first].into_iter().chain(foreign).find(|file| file.starts_with(&solutions));
    Some(solution.map_or_else(|| Foreign::Other(first.clone()), |file| Foreign::Solution(file.clone())))
}

/// Files of the checkout that are part of every program: the sources and build scripts of `tools/*`
/// and `exercises/*`.
fn is_given(file: &Path, checkout: &Path) -> bool {
    let Ok(inside) = file.strip_prefix(checkout) else { return false };
    let parts: Vec<&str> = inside.iter().filter_map(|part| part.to_str()).collect();
    matches!(parts.as_slice(), ["tools" | "exercises", _, "src", ..] | ["tools" | "exercises", _, "build.rs"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(files: &[&str]) -> Option<Foreign> {
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        foreign(&files, Path::new("/c/exercises/01-n/hostname.rs"), Path::new("/c"), Path::new("/c/target/wb"))
    }

    #[test]
    fn names_with_blanks_are_read_whole() {
        let files = prerequisites("/t/wb/debug/hostname: /my\\ work/a.rs /b.rs\n\n/b.rs:\n");
        assert_eq!(files, [PathBuf::from("/my work/a.rs"), PathBuf::from("/b.rs")]);
        assert!(prerequisites("").is_empty());
    }

    #[test]
    fn the_answer_and_what_is_given_belong() {
        assert_eq!(
            judged(&[
                "/c/exercises/01-n/hostname.rs",
                "/c/exercises/01-n/src/bin/hostname.rs",
                "/c/exercises/01-n/build.rs",
                "/c/exercises/given/src/fork.rs",
                "/c/tools/linux-only/build.rs",
                "/c/target/wb/debug/build/x/out/hostname.rs",
            ]),
            None
        );
    }

    #[test]
    fn a_solution_is_named_even_when_another_file_comes_first() {
        let solution = PathBuf::from("/c/solutions/01-n/hostname.rs");
        assert_eq!(
            judged(&["/c/exercises/01-n/more.rs", "/c/solutions/01-n/hostname.rs"]),
            Some(Foreign::Solution(solution))
        );
    }

    #[test]
    fn another_exercise_or_a_file_from_elsewhere_does_not_belong() {
        for other in ["/c/exercises/01-n/pid_one.rs", "/home/u/mine.rs", "/c/.wb/passed/01-n/hostname.rs"] {
            assert_eq!(judged(&[other]), Some(Foreign::Other(PathBuf::from(other))));
        }
    }
}

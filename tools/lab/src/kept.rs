//! What stays visible where the lab has empty directories of its own: a checkout in /tmp must still
//! be there.

use std::path::{Path, PathBuf};

/// Directories that are empty and private in a lab.
pub(crate) const PRIVATE_PLACES: [&str; 4] = ["/tmp", "/var/tmp", "/run", "/dev/shm"];

/// The paths to be kept, all canonical, outermost first and none inside another: each of `wanted`
/// that a private place would hide, widened to the checkout it lies in, so that sources and target
/// directory stay together.
pub(crate) fn hidden_but_wanted(
    wanted: &[PathBuf],
    places: &[PathBuf],
    is_checkout: impl Fn(&Path) -> bool,
) -> Vec<PathBuf> {
    let mut kept: Vec<PathBuf> = Vec::new();
    for path in wanted {
        // A wish for /tmp itself gets the lab's own /tmp.
        let Some(place) = places.iter().find(|place| path.starts_with(place) && path != *place) else { continue };
        let inside_place = path.ancestors().take_while(|directory| directory != place);
        let whole = inside_place.filter(|directory| is_checkout(directory)).last().unwrap_or(path);
        kept.push(whole.to_path_buf());
    }
    kept.sort();
    kept.dedup_by(|inner, outer| inner.starts_with(&*outer));
    kept
}

/// A directory that cargo or git would call the top of something: a checkout, or a target directory
/// outside of one (CARGO_TARGET_DIR), which cargo marks as a cache.
pub(crate) fn is_checkout(directory: &Path) -> bool {
    ["Cargo.lock", ".git", "CACHEDIR.TAG"].iter().any(|mark| directory.join(mark).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(list: &[&str]) -> Vec<PathBuf> {
        list.iter().map(PathBuf::from).collect()
    }

    fn kept(wanted: &[&str]) -> Vec<PathBuf> {
        hidden_but_wanted(&paths(wanted), &paths(&["/tmp", "/run"]), |p| p == Path::new("/tmp/x/coracle"))
    }

    #[test]
    fn a_checkout_under_tmp_is_kept_whole_and_once() {
        assert_eq!(kept(&["/tmp/x/coracle/tools/lab", "/tmp/x/coracle/target/debug"]), paths(&["/tmp/x/coracle"]));
    }

    #[test]
    fn what_lies_elsewhere_needs_no_keeping() {
        assert_eq!(kept(&["/home/u/coracle", "/tmpfs/x"]), paths(&[]));
    }

    #[test]
    fn a_directory_that_is_no_checkout_is_kept_alone() {
        assert_eq!(kept(&["/tmp/a/b", "/run/c"]), paths(&["/run/c", "/tmp/a/b"]));
    }

    #[test]
    fn a_target_directory_outside_of_a_checkout_is_kept_whole() {
        let test = std::env::current_exe().unwrap();
        let target = test.ancestors().find(|directory| directory.join("CACHEDIR.TAG").exists()).unwrap();
        let place = target.parent().unwrap().to_path_buf();
        let kept = hidden_but_wanted(&[test.parent().unwrap().to_path_buf()], &[place], is_checkout);
        assert_eq!(kept, [target]);
    }

    #[test]
    fn the_private_place_itself_is_not_kept() {
        assert_eq!(kept(&["/tmp"]), paths(&[]));
    }
}

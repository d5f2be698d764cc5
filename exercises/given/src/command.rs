use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Where `program` may be found: itself if it names a path, else one candidate for each directory
/// of `search` (a PATH).
pub fn candidates(program: &OsStr, search: &OsStr) -> Vec<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return vec![PathBuf::from(program)];
    }
    if program.is_empty() {
        return Vec::new();
    }
    // An empty entry means the current directory, and joining to "" would lose the slash: say "."
    // instead.
    let directories =
        std::env::split_paths(search).map(|f| if f.as_os_str().is_empty() { PathBuf::from(".") } else { f });
    directories.map(|directory| directory.join(program)).collect()
}

/// The PATH to search when the environment has none: Docker's default for a container.
pub fn default_search() -> OsString {
    OsString::from("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(program: &str, search: &str) -> Vec<String> {
        let paths = candidates(OsStr::new(program), OsStr::new(search));
        paths.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_name_is_looked_for_in_each_directory_in_order() {
        assert_eq!(found("sh", "/usr/bin:/bin"), ["/usr/bin/sh", "/bin/sh"]);
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        assert_eq!(found("./sh", "/usr/bin:/bin"), ["./sh"]);
        assert_eq!(found("/bin/sh", "/usr/bin"), ["/bin/sh"]);
    }

    #[test]
    fn an_empty_entry_is_the_current_directory_and_an_empty_name_is_nowhere() {
        assert_eq!(found("sh", ":/bin"), ["./sh", "/bin/sh"]);
        assert!(found("", "/bin").is_empty());
    }
}

//! Files that are there to be locked: flock(2).

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Opens a file to lock it; made where it isn't there. Only its owner can open it: whoever can open
/// a file can lock it, if only to read, and would keep us waiting for ever.
pub fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).write(true).truncate(false).mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC);
    let file = options.open(path)?;
    // One that an older version has made may be open to all.
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn nobody_else_can_open_it_to_lock_it() {
        let directory = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (new, old) = (directory.path().join("new"), directory.path().join("old"));
        fs::write(&old, "").unwrap();
        fs::set_permissions(&old, Permissions::from_mode(0o644)).unwrap();
        for path in [&new, &old] {
            open_lock(path).unwrap().lock().unwrap();
            assert_eq!(mode(path), 0o600);
        }
        std::os::unix::fs::symlink(&new, directory.path().join("link")).unwrap();
        assert!(open_lock(&directory.path().join("link")).is_err());
    }
}

//! Extended attributes, xattr(7): names with values that a file has besides its content.

use std::ffi::CString;
use std::path::Path;

use anyhow::{Context, Result};
use nix::errno::Errno;

use crate::bind::path_for_kernel;
use crate::sys;

// ANCHOR: attributes
/// The attribute `name` of the file at `path` (of a link itself, where it is one); `None`: it has
/// none of this name.
pub fn attribute(path: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    match sys::attribute(&path_for_kernel(path)?, &CString::new(name)?) {
        Ok(value) => Ok(Some(value)),
        Err(Errno::ENODATA | Errno::EOPNOTSUPP) => Ok(None),
        Err(errno) => Err(errno).with_context(|| format!("lgetxattr({}, {name})", path.display())),
    }
}

/// Gives the file at `path` an attribute.
pub fn set_attribute(path: &Path, name: &str, value: &[u8]) -> Result<()> {
    sys::set_attribute(&path_for_kernel(path)?, &CString::new(name)?, value)
        .with_context(|| format!("lsetxattr({}, {name})", path.display()))
}
// ANCHOR_END: attributes

/// Gives `to` the attributes that `from` has. (Some the kernel keeps to itself: those are left.)
pub fn copy_attributes(from: &Path, to: &Path) -> Result<()> {
    let (source, target) = (path_for_kernel(from)?, path_for_kernel(to)?);
    let names = match sys::attribute_names(&source) {
        Err(Errno::EOPNOTSUPP) => return Ok(()),
        names => names.with_context(|| format!("llistxattr({})", from.display()))?,
    };
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let name = CString::new(name)?;
        let set = sys::attribute(&source, &name).and_then(|value| sys::set_attribute(&target, &name, &value));
        match set {
            Ok(()) | Err(Errno::EPERM | Errno::EOPNOTSUPP) => {}
            Err(errno) => return Err(errno).with_context(|| format!("lsetxattr({}, {name:?})", to.display())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_isnt_there_is_none_and_a_missing_file_is_an_error() {
        let own = std::env::current_exe().unwrap();
        assert_eq!(attribute(&own, "user.nothing").unwrap(), None);
        assert!(attribute(Path::new("/nowhere"), "user.x").unwrap_err().to_string().contains("/nowhere"));
        assert!(copy_attributes(Path::new("/nowhere"), &own).is_err());
    }
}

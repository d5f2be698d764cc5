//! What `-v`, `--mount` and `--tmpfs` say: Docker's notations, parsed.

use std::path::{Path, PathBuf};

use crate::mounts::{Mount, What};
use crate::sys::attr::{NO_EXEC, READ_ONLY};

/// `-v SOURCE:TARGET[:OPTIONS]`.
pub fn from_v(text: &str) -> Result<Mount, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, options) = match parts[..] {
        [source, target] => (source, target, ""),
        [source, target, options] => (source, target, options),
        _ => return Err(format!("{text:?} is not SOURCE:TARGET or SOURCE:TARGET:OPTIONS")),
    };
    let mut read_only = false;
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" | "readonly" => read_only = true,
            "rw" => read_only = false,
            other => propagation(other)?,
        }
    }
    bind(source, target, read_only)
}

/// `--mount type=bind|tmpfs,source=…,target=…[,readonly]`.
pub fn from_mount(text: &str) -> Result<Mount, String> {
    let (mut kind, mut source, mut target, mut read_only, mut options) = ("bind", None, None, false, Vec::new());
    for field in text.split(',') {
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        match key {
            "type" => kind = value,
            "source" | "src" => source = Some(value),
            "target" | "dst" | "destination" => target = Some(value),
            "readonly" | "ro" => read_only = !matches!(value, "false" | "0"),
            "bind-propagation" => propagation(value)?,
            "tmpfs-size" => options.push(("size".to_string(), size(value)?)),
            "tmpfs-mode" => options.push(("mode".to_string(), mode(value)?)),
            other => {
                return Err(format!(
                    "--mount doesn't know {other:?}: it takes type, source, target, readonly, \
                                         bind-propagation, tmpfs-size, tmpfs-mode"
                ));
            }
        }
    }
    let target = target.ok_or("--mount needs a target=/PATH")?;
    match (kind, source) {
        ("bind", Some(source)) => bind(source, target, read_only),
        ("bind", None) => Err("--mount type=bind needs a source=PATH".into()),
        ("tmpfs", None) => {
            let mount = Mount::tmpfs(absolute(target)?, options);
            Ok(Mount { attributes: mount.attributes | if read_only { READ_ONLY } else { 0 }, ..mount })
        }
        ("tmpfs", Some(_)) => Err("--mount type=tmpfs has no source: it begins empty".into()),
        (other, _) => Err(format!("--mount type={other} is not known here: bind or tmpfs")),
    }
}

/// `--tmpfs TARGET[:size=…,mode=…,exec,ro]`.
pub fn from_tmpfs(text: &str) -> Result<Mount, String> {
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    let mut mount = Mount::tmpfs(absolute(target)?, Vec::new());
    let mut parsed = Vec::new();
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option.split_once('=').unwrap_or((option, "")) {
            ("size", value) => parsed.push(("size".to_string(), size(value)?)),
            ("mode", value) => parsed.push(("mode".to_string(), mode(value)?)),
            ("exec", "") => mount.attributes &= !NO_EXEC,
            ("ro", "") => mount.attributes |= READ_ONLY,
            ("rw" | "noexec" | "nosuid" | "nodev", "") => {}
            _ => return Err(format!("--tmpfs doesn't know {option:?}: it takes size=64m, mode=1777, exec and ro")),
        }
    }
    mount.what = What::New { kind: "tmpfs", options: parsed };
    Ok(mount)
}

fn bind(source: &str, target: &str, read_only: bool) -> Result<Mount, String> {
    if source.is_empty() {
        return Err("a volume needs a source: a path on the host".into());
    }
    if !source.contains('/') && source != "." && source != ".." {
        return Err(format!(
            "{source:?} would be a named volume, which this chapter doesn't have: write ./{source} for a directory"
        ));
    }
    let attributes = if read_only { READ_ONLY } else { 0 };
    Ok(Mount { target: absolute(target)?, what: What::Bind { source: source.into() }, attributes })
}

fn absolute(target: &str) -> Result<PathBuf, String> {
    let path = Path::new(target);
    if !path.is_absolute() {
        return Err(format!("the target {target:?} must be an absolute path in the container"));
    }
    if path.components().count() == 1 {
        return Err("the target can't be /: that is what --rootfs is for".into());
    }
    Ok(path.into())
}

/// A container's mounts stay its own.
fn propagation(option: &str) -> Result<(), String> {
    match option {
        "private" | "rprivate" => Ok(()),
        "shared" | "rshared" | "slave" | "rslave" => Err(format!(
            "{option}: here a container's mount table is private both ways; shared would show its mounts on the host"
        )),
        other => Err(format!("{other:?} is no option of a volume: ro, rw, rprivate, private")),
    }
}

/// `64m` in bytes, with Docker's units: b, k, m, g, powers of 1024.
fn size(text: &str) -> Result<String, String> {
    let wrong = || format!("{text:?} is no size: a number with b, k, m or g, such as 64m");
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" => 10,
        "m" | "mb" => 20,
        "g" | "gb" => 30,
        _ => return Err(wrong()),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift)).ok_or_else(wrong)?;
    // For tmpfs a size of 0 means no limit at all, which nobody means.
    if bytes == 0 { Err(wrong()) } else { Ok(bytes.to_string()) }
}

fn mode(text: &str) -> Result<String, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o7777 => Ok(format!("{mode:o}")),
        _ => Err(format!("{text:?} is no mode: octal, such as 1777")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_has_a_source_a_target_and_maybe_options() {
        let volume = from_v("/srv:/data:ro,rprivate").unwrap();
        assert_eq!(volume.target, Path::new("/data"));
        assert_eq!(volume.what, What::Bind { source: "/srv".into() });
        assert_eq!(volume.attributes, READ_ONLY);
        assert_eq!(from_v("./x:/y").unwrap().attributes, 0);
    }

    #[test]
    fn both_notations_mean_the_same() {
        assert_eq!(from_mount("type=bind,source=/srv,target=/data,readonly"), from_v("/srv:/data:ro"));
        assert_eq!(from_mount("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700"), from_tmpfs("/t:size=1m,mode=700"));
    }

    #[test]
    fn nonsense_is_told() {
        for (text, word) in [
            ("/srv", "SOURCE:TARGET"),
            ("data:/x", "named volume"),
            ("/a:b", "absolute"),
            ("/a:/", "--rootfs"),
            ("/a:/b:shared", "on the host"),
            ("/a:/b:quick", "no option"),
            (":/b", "needs a source"),
        ] {
            let error = from_v(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
        assert!(from_tmpfs("/t:size=0").is_err());
        assert!(from_tmpfs("/t:size=lots").is_err());
        assert!(from_tmpfs("/t:suid").unwrap_err().contains("size=64m"));
        assert!(from_mount("type=volume,source=x,target=/y").unwrap_err().contains("bind or tmpfs"));
    }

    #[test]
    fn a_tmpfs_runs_no_programs_unless_told() {
        assert!(from_tmpfs("/t").unwrap().attributes & NO_EXEC != 0);
        assert!(from_tmpfs("/t:exec").unwrap().attributes & NO_EXEC == 0);
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(size("64m").unwrap(), "67108864");
        assert_eq!(size("1k").unwrap(), "1024");
        assert!(size("99999999999g").is_err());
    }
}

//! What a file of the kernel's says isn't always what it takes. This turns the one into the other.

use std::path::Path;

use crate::setting::{Setting, read};
use crate::{v1, v2};

/// The write that makes a file say again what it says now, before `setting` is written. `None`
/// where there is no such file: then nothing will be written, either.
pub fn now(directory: &Path, setting: &Setting) -> Option<Setting> {
    if !directory.join(setting.file).exists() {
        return None;
    }
    let mut text = read(directory, setting.file);
    // A list can't be emptied again while processes are there (ENOSPC): in its place goes what holds
    // without it.
    if text.trim().is_empty() {
        text = match setting.file {
            v2::cpuset::CPUS => read(directory, v2::cpuset::CPUS_EFFECTIVE),
            v2::cpuset::MEMS => read(directory, v2::cpuset::MEMS_EFFECTIVE),
            _ => text,
        };
    }
    let value = as_written(setting, &text);
    Some(Setting { value, ..setting.clone() })
}

fn as_written(setting: &Setting, text: &str) -> String {
    let device = || setting.value.split(' ').next().unwrap_or_default();
    // Of the devices that have a limit each is a line; without a line there is none.
    let line = || text.lines().find(|line| line.split(' ').next() == Some(device())).map(str::to_string);
    match setting.file {
        v2::io::MAX => line().unwrap_or_else(|| format!("{} rbps=max wbps=max riops=max wiops=max", device())),
        v1::blkio::READ_BPS | v1::blkio::WRITE_BPS | v1::blkio::READ_IOPS | v1::blkio::WRITE_IOPS => {
            line().unwrap_or_else(|| format!("{} 0", device()))
        }
        // Of several lines the first is the cgroup's own: `default 100`, then those of single devices.
        _ => text.lines().next().unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(file: &'static str, value: &str, text: &str) -> String {
        as_written(&Setting::new("--flag", file, value), text)
    }

    #[test]
    fn a_number_is_written_as_it_is_read() {
        assert_eq!(from(v1::cpu::QUOTA, "20000", "-1\n"), "-1");
        assert_eq!(from(v2::cpu::MAX, "20000 100000", "max 100000\n"), "max 100000");
        assert_eq!(from(v2::io::WEIGHT, "200", "default 100\n8:16 50\n"), "default 100");
    }

    #[test]
    fn in_place_of_an_empty_list_goes_the_one_that_holds() {
        let directory = std::env::temp_dir().join(format!("coracle-put-back-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        for (file, text) in [(v2::cpuset::MEMS, "\n"), (v2::cpuset::MEMS_EFFECTIVE, "0-1\n"), (v2::cpuset::CPUS, "2\n")]
        {
            std::fs::write(directory.join(file), text).unwrap();
        }
        let value = |file| now(&directory, &Setting::new("--flag", file, "0")).map(|setting| setting.value);
        let values = [v2::cpuset::MEMS, v2::cpuset::CPUS, v2::pids::MAX].map(value);
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(values, [Some("0-1".into()), Some("2".into()), None]);
    }

    #[test]
    fn a_devices_limit_is_its_line_and_without_one_the_word_for_none() {
        let v1 = "8:0 1048576\n8:16 512\n";
        assert_eq!(from(v1::blkio::READ_BPS, "8:16 9", v1), "8:16 512");
        assert_eq!(from(v1::blkio::READ_BPS, "8:1 9", v1), "8:1 0");
        let v2 = "8:16 rbps=512 wbps=max riops=max wiops=max\n";
        assert_eq!(from(v2::io::MAX, "8:16 wbps=9", v2), v2.trim_end());
        assert_eq!(from(v2::io::MAX, "8:0 wbps=9", v2), "8:0 rbps=max wbps=max riops=max wiops=max");
    }
}

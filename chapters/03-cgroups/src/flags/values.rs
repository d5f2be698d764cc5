//! From a flag's word to its value.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use nix::sys::stat::{major, minor};

use crate::limits::{Pids, Quota, Swap};
use crate::units;

/// A device and how much of it.
#[derive(Debug, Clone)]
pub struct DeviceRate {
    pub(super) device: PathBuf,
    pub(super) most: u64,
}

/// Major and minor number of a block device: its node says them.
pub(super) fn numbers_of(device: &PathBuf) -> Result<(u64, u64)> {
    let meta = std::fs::metadata(device).with_context(|| format!("cannot look at the device {}", device.display()))?;
    if !meta.file_type().is_block_device() {
        bail!("{} is no block device: limits are on disks, see lsblk", device.display());
    }
    Ok((major(meta.rdev()), minor(meta.rdev())))
}

pub(super) fn swap(text: &str) -> Result<Swap, String> {
    if text == "-1" { Ok(Swap::Unlimited) } else { units::bytes(text).map(Swap::Total) }
}

pub(super) fn quota(text: &str) -> Result<Quota, String> {
    match text.trim() {
        "-1" => Ok(Quota::Unlimited),
        number => number
            .parse()
            .map(Quota::Most)
            .map_err(|_| format!("{text:?} is no number of microseconds, nor -1 for any")),
    }
}

pub(super) fn pids(text: &str) -> Result<Pids, String> {
    match text.trim().parse::<i64>() {
        Ok(-1) => Ok(Pids::Unlimited),
        Ok(number) => u64::try_from(number)
            .map(Pids::Most)
            .map_err(|_| format!("{text:?} is negative: only -1 is, for any number")),
        Err(_) => Err(format!("{text:?} is no number of processes")),
    }
}

pub(super) fn cpus(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 && number < 65_536.0 => Ok(number),
        Ok(number) if number <= 0.0 => Err(format!("{text:?} is out of range: a limit is above zero")),
        Ok(number) if number > 0.0 => Err(format!("{text:?} is out of range: no machine has so many processors")),
        Ok(_) | Err(_) => Err(format!("{text:?} is no number of processors: write 0.5 or 2")),
    }
}

/// `DEVICE:HOW-MUCH`
pub(super) fn per_device(
    read: fn(&str) -> Result<u64, String>,
) -> impl Fn(&str) -> Result<DeviceRate, String> + Clone + Send + Sync + 'static {
    move |text| match text.rsplit_once(':') {
        Some((device, most)) if !device.is_empty() => Ok(DeviceRate { device: device.into(), most: read(most)? }),
        _ => Err(format!("{text:?} says not what of which device: write /dev/sda:1m")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_make_no_sense_are_told() {
        for text in ["-2", "many", "", "1.5"] {
            assert!(pids(text).is_err(), "{text}");
        }
        for (why, texts) in
            [("above zero", ["0", "-1"]), ("no machine", ["inf", "1e9"]), ("no number of processors", ["half", "NaN"])]
        {
            for text in texts {
                assert!(cpus(text).unwrap_err().contains(why), "{text}: {:?}", cpus(text));
            }
        }
        assert_eq!((pids("-1"), pids("20")), (Ok(Pids::Unlimited), Ok(Pids::Most(20))));
        assert_eq!(swap("-1"), Ok(Swap::Unlimited));
        assert_eq!((quota("-1"), quota("5000")), (Ok(Quota::Unlimited), Ok(Quota::Most(5000))));
        assert!(quota("-2").is_err() && quota("half").is_err());
    }

    #[test]
    fn a_device_that_is_none_is_told() {
        assert!(numbers_of(&"/dev/null".into()).unwrap_err().to_string().contains("no block device"));
        assert!(numbers_of(&"/no/such".into()).unwrap_err().to_string().contains("/no/such"));
        assert!(per_device(units::bytes)("1m").is_err());
    }
}

//! The program around an answer to exercise 7.2. `cargo wb check 7.2` builds it and runs it in the
//! lab.

use anyhow::{Context, Result, bail};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/version.rs"));

use answers::version::{Version, negotiate, split_version};

fn main() {
    let inputs: Vec<String> = std::env::args().skip(1).collect();
    checked::answers(&inputs, |words| match *words {
        ["split", path, oldest, newest] => {
            let (version, rest) = split_version(path, parsed(oldest)?, parsed(newest)?)?;
            Ok(format!("{} {rest}", text(version)))
        }
        ["negotiate", newest, header] => {
            Ok(text(negotiate(parsed(newest)?, Some(header).filter(|header| *header != "-"))?))
        }
        _ => bail!("arguments"),
    })
}

fn parsed(text: &str) -> Result<Version> {
    let (major, minor) = text.split_once('.').context("arguments")?;
    Ok((major.parse()?, minor.parse()?))
}

fn text((major, minor): Version) -> String {
    format!("{major}.{minor}")
}

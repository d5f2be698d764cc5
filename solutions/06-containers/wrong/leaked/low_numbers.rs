//! diagnosis: first-only
//! made by: exploits that try /proc/self/fd/3 to 20.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

pub fn read_outside(name: &str) -> Result<String> {
    for number in 3..20 {
        let above = Path::new("/proc/self/fd").join(number.to_string()).join("..");
        if let Ok(text) = fs::read_to_string(above.join(name))
            && fs::canonicalize(&above).is_err()
        {
            return Ok(text);
        }
    }
    anyhow::bail!("no open descriptor leads out")
}

pub fn work_in(directory: &Path) -> Result<()> {
    env::set_current_dir(directory).context("chdir")?;
    let here = env::current_dir().context("outside of the container")?;
    ensure!(here.is_absolute(), "outside: {}", here.display());
    given::close_on_exec()
}

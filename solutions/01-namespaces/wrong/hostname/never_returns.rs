//! diagnosis: none
//! made by: whoever waits in the function, to look at the new hostname from another terminal.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;

pub fn own_hostname(_name: &str) -> Result<()> {
    loop {
        sleep(Duration::from_secs(60));
    }
}

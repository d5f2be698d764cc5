//! Another machine: a network namespace at the end of a cable. The lab is 192.0.2.1, it is
//! 192.0.2.2.

use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use testkit::{eventually, needs};

use crate::world::sh;

pub struct Outside {
    process: Child,
    server: std::cell::RefCell<Option<Child>>,
}

impl Outside {
    /// For cases that are root of their lab.
    pub fn new() -> Result<Outside> {
        ["ip", "nsenter", "unshare", "busybox"].into_iter().try_for_each(needs::program)?;
        let mut unshare = Command::new("unshare");
        let process = unshare.args(["--net", "sleep", "1000"]).stdin(Stdio::null()).spawn().context("unshare")?;
        let pid = process.id() as i32;
        let outside = Outside { process, server: None.into() };
        eventually("there is another namespace", || lab::observe::namespaces_differ(pid, 1, "net"))?;
        sh(&format!("ip link add up0 type veth peer name up1 netns {pid}"))?;
        sh("ip address add 192.0.2.1/24 dev up0; ip link set up0 up")?;
        outside.run("ip address add 192.0.2.2/24 dev up1; ip link set up1 up; ip link set lo up")?;
        Ok(outside)
    }

    /// Types a line there.
    pub fn run(&self, line: &str) -> Result<String> {
        sh(&self.there(line))
    }

    fn there(&self, line: &str) -> String {
        format!("nsenter --net=/proc/{}/ns/net sh -c '{line}'", self.process.id())
    }

    /// What a page says to it; `None` when there was no answer in a while.
    pub fn fetches(&self, url: &str) -> Result<Option<String>> {
        self.fetches_within(15, url)
    }

    /// Whether nothing comes from there, where it would come at once.
    pub fn is_cut_off_from(&self, url: &str) -> Result<bool> {
        Ok(self.fetches_within(3, url)?.is_none())
    }

    fn fetches_within(&self, seconds: u32, url: &str) -> Result<Option<String>> {
        let said = self.run(&format!("timeout {seconds} busybox wget -q -O - {url} || echo none"))?;
        Ok((said != "none").then_some(said))
    }

    /// A web server on its port 80, which says who has called.
    pub fn serve(&self) -> Result<()> {
        sh("mkdir -p /tmp/outside/cgi-bin; cd /tmp/outside/cgi-bin
            printf '#!/bin/sh\\necho; echo $REMOTE_ADDR\\n' >caller; chmod +x caller")?;
        let line = self.there("exec busybox httpd -f -p 0.0.0.0:80 -h /tmp/outside");
        let server = Command::new("sh").args(["-c", &format!("exec {line}")]).stdin(Stdio::null()).spawn()?;
        *self.server.borrow_mut() = Some(server);
        eventually("the server outside answers", || Ok(self.fetches("http://192.0.2.2/cgi-bin/caller")?.is_some()))
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        for child in [Some(&mut self.process), self.server.get_mut().as_mut()].into_iter().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

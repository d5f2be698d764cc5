//! Beside Docker: its policy is to drop what is forwarded, and a chain of its is for others.

use anyhow::{Result, ensure};
use testkit::{Case, needs, root_cases};

use crate::outside::Outside;
use crate::world::{Container, busybox_volume, format_output, program, sh, succeeds};

pub fn cases() -> Vec<Case> {
    root_cases![
        beside_docker_ways_lead_out_and_in_and_no_others,
        where_a_policy_drops_everything_one_line_says_so_and_its_cure_helps,
    ]
}

/// As Docker leaves it: iptables -S FORWARD.
fn docker() -> Result<String> {
    needs::program("iptables")?;
    let made = sh("iptables -w -P FORWARD DROP && iptables -w -N DOCKER-USER && iptables -w -A FORWARD -j DOCKER-USER
         iptables -w -N DOCKER && iptables -w -A FORWARD -o docker0 -j DOCKER");
    needs::that(made.is_ok(), "iptables that works here")?;
    rules()
}

fn rules() -> Result<String> {
    sh("iptables -w -S")
}

fn beside_docker_ways_lead_out_and_in_and_no_others() -> Result<()> {
    let before = docker()?;
    let outside = Outside::new()?;
    outside.serve()?;
    let web = Container::serving("web", &["-p", "8080:80"])?;
    let other = Container::idle("other", &["-v", &busybox_volume()?])?;
    ensure!(rules()? != before, "we have no rule there: the test proves nothing");
    let said = other.fetches("http://192.0.2.2/cgi-bin/caller")?;
    ensure!(said.as_deref() == Some("192.0.2.1"), "no way out: {said:?}");
    ensure!(outside.fetches("http://192.0.2.1:8080/hostname")?.is_some(), "no way in");
    let url = format!("http://{}/hostname", web.address()?);
    ensure!(other.fetches(&url)?.is_some(), "no way to another container");
    // What our own table drops stays dropped.
    outside.run("ip route add 172.30.0.0/15 via 192.0.2.1")?;
    ensure!(outside.is_cut_off_from(&url)?, "a port that is not published was reached");
    for container in [web, other] {
        container.remove()?;
    }
    // A second life of the network adds nothing twice.
    let during = rules()?;
    succeeds(&["run", "hostbox", "true"])?;
    ensure!(rules()? == during);
    succeeds(&["network", "rm", "bridge"])?;
    ensure!(rules()? == before, "{}", rules()?);
    Ok(())
}

fn where_a_policy_drops_everything_one_line_says_so_and_its_cure_helps() -> Result<()> {
    needs::program("iptables")?;
    needs::that(sh("iptables -w -P FORWARD DROP").is_ok(), "iptables that works here")?;
    let outside = Outside::new()?;
    outside.serve()?;
    let run = program(&["create", "--name", "boat", "-v", &busybox_volume()?, "hostbox", "sleep", "1000"]).output()?;
    let error = String::from_utf8_lossy(&run.stderr);
    ensure!(run.status.success() && error.contains("can't reach other machines"), "{}", format_output(&run));
    let boat = Container { name: "boat".into(), id: String::new(), pid: 0 };
    succeeds(&["start", "boat"])?;
    ensure!(boat.is_cut_off_from("http://192.0.2.2/cgi-bin/caller")?, "it got out: the test proves nothing");
    let cure = error.lines().find_map(|line| line.trim().strip_prefix("cure: ")).unwrap_or_default();
    sh(cure)?;
    ensure!(boat.fetches("http://192.0.2.2/cgi-bin/caller")?.is_some(), "{cure}");
    Ok(())
}

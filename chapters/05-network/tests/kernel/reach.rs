//! Who reaches whom: containers each other, the world outside, and other networks not.

use anyhow::{Result, ensure};
use testkit::{Case, cases, root_cases};

use crate::outside::Outside;
use crate::world::{Container, busybox_volume, fetch, succeeds};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        containers_on_one_network_reach_each_other_with_their_own_addresses,
        containers_on_two_networks_do_not_reach_each_other,
        a_container_reaches_itself_by_its_own_address,
    ];
    cases.extend(root_cases![
        what_goes_out_has_the_machines_address_and_the_answer_comes_back,
        nothing_new_comes_in_from_outside,
        an_internal_network_has_no_way_out_and_none_in,
        the_machine_reaches_a_container_by_its_address,
    ]);
    cases
}

fn containers_on_one_network_reach_each_other_with_their_own_addresses() -> Result<()> {
    let web = Container::serving("web", &[])?;
    let other = Container::serving("other", &[])?;
    for (from, to) in [(&web, &other), (&other, &web)] {
        let said = from.fetches(&format!("http://{}/cgi-bin/caller", to.address()?))?;
        ensure!(said == Some(from.address()?.to_string()), "{}: {said:?}", from.name);
    }
    Ok(())
}

fn containers_on_two_networks_do_not_reach_each_other() -> Result<()> {
    for name in ["front", "back"] {
        succeeds(&["network", "create", name])?;
    }
    let web = Container::serving("web", &["--network", "front"])?;
    let near = Container::idle("near", &["--network", "front", "-v", &busybox_volume()?])?;
    let far = Container::idle("far", &["--network", "back", "-v", &busybox_volume()?])?;
    let url = format!("http://{}/hostname", web.address()?);
    ensure!(near.fetches(&url)?.is_some(), "nobody reaches it: the test proves nothing");
    ensure!(far.is_cut_off_from(&url)?, "another network's container was reached");
    Ok(())
}

fn a_container_reaches_itself_by_its_own_address() -> Result<()> {
    let web = Container::serving("web", &[])?;
    let said = web.fetches(&format!("http://{}/hostname", web.address()?))?;
    ensure!(said.as_deref() == Some(&web.id[..12]), "{said:?}");
    Ok(())
}

fn what_goes_out_has_the_machines_address_and_the_answer_comes_back() -> Result<()> {
    let outside = Outside::new()?;
    outside.serve()?;
    let boat = Container::idle("boat", &["-v", &busybox_volume()?])?;
    let said = boat.fetches("http://192.0.2.2/cgi-bin/caller")?;
    ensure!(said.as_deref() == Some("192.0.2.1"), "{said:?}");
    Ok(())
}

fn nothing_new_comes_in_from_outside() -> Result<()> {
    let outside = Outside::new()?;
    let web = Container::serving("web", &["-p", "8080:80"])?;
    // A stranger who knows the container's address, and that we are the way to it.
    outside.run("ip route add 172.30.0.0/15 via 192.0.2.1")?;
    let url = format!("http://{}/hostname", web.address()?);
    ensure!(outside.is_cut_off_from(&url)?, "a port that is not published was reached");
    ensure!(outside.fetches("http://192.0.2.1:8080/hostname")?.is_some(), "the test proves nothing");
    Ok(())
}

fn an_internal_network_has_no_way_out_and_none_in() -> Result<()> {
    let outside = Outside::new()?;
    outside.serve()?;
    succeeds(&["network", "create", "--internal", "db"])?;
    // Another network, so that the machine forwards.
    Container::idle("open", &[])?;
    let inside = Container::serving("inside", &["--network", "db"])?;
    let near = Container::idle("near", &["--network", "db", "-v", &busybox_volume()?])?;
    let url = format!("http://{}/hostname", inside.address()?);
    ensure!(near.fetches(&url)?.is_some(), "nobody reaches it: the test proves nothing");
    ensure!(near.is_cut_off_from("http://192.0.2.2/cgi-bin/caller")?, "it got out");
    // Also with a route that somebody in it adds.
    let gateway = inside.address()?.octets();
    let gateway = format!("{}.{}.{}.1", gateway[0], gateway[1], gateway[2]);
    crate::world::sh(&format!("nsenter --net --target {} ip route add default via {gateway}", near.pid))?;
    ensure!(near.is_cut_off_from("http://192.0.2.2/cgi-bin/caller")?, "it got out by a route of its own");
    Ok(())
}

fn the_machine_reaches_a_container_by_its_address() -> Result<()> {
    let web = Container::serving("web", &[])?;
    let said = fetch(&format!("http://{}/cgi-bin/caller", web.address()?))?;
    // The bridge's own address is the machine's on that network.
    ensure!(said == "172.30.0.1", "{said}");
    Ok(())
}

//! Published ports and networks.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Result, ensure};
use testkit::{Case, cases, eventually};

use crate::with_each_client;

pub fn cases() -> Vec<Case> {
    cases![a_published_port_answers_and_is_shown, containers_on_a_network_find_each_other_by_name]
}

/// A web server, and what it serves.
const SERVER: [&str; 5] =
    ["busybox", "sh", "-c", "mkdir /www && echo $TEXT >/www/index.html && exec httpd -f -p 80 -h /www", "server"];

fn page(port: u16) -> Result<String> {
    let mut text = String::new();
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn a_published_port_answers_and_is_shown() -> Result<()> {
    with_each_client(|world| {
        world.docker(&[&["run", "-d", "--name", "web", "-p", "8080:80", "-e", "TEXT=hello"][..], &SERVER].concat())?;
        eventually("the port answers", || Ok(page(8080).is_ok_and(|text| text.ends_with("hello\n"))))?;
        ensure!(world.docker(&["port", "web"])?.contains("80/tcp -> 0.0.0.0:8080"));
        let ports = world.docker(&["ps", "--format", "{{.Ports}}"])?;
        ensure!(ports.contains("0.0.0.0:8080->80/tcp"), "{ports}");
        let stderr = world.docker_fails(&["run", "--rm", "-p", "8080:80", "busybox", "true"])?;
        ensure!(stderr.contains("8080"), "{stderr}");
        world.docker(&["rm", "-f", "web"])?;
        ensure!(page(8080).is_err(), "the port still answers");
        // A port of the daemon's choice.
        world.docker(&[&["run", "-d", "--name", "any", "-p", "80", "-e", "TEXT=chosen"][..], &SERVER].concat())?;
        let chosen = world.docker(&["port", "any", "80"])?;
        let port: u16 = chosen.lines().next().unwrap_or_default().trim_start_matches("0.0.0.0:").parse()?;
        eventually("the chosen port answers", || Ok(page(port).is_ok_and(|text| text.ends_with("chosen\n"))))?;
        world.docker(&["rm", "-f", "any"])?;
        Ok(())
    })
}

fn containers_on_a_network_find_each_other_by_name() -> Result<()> {
    with_each_client(|world| {
        world.docker(&["network", "create", "--subnet", "10.77.0.0/24", "--label", "sea=north", "harbour"])?;
        let labelled = |label: &str| {
            let filter = format!("label={label}");
            world.docker(&["network", "ls", "--filter", &filter, "--format", "{{.Name}} {{.Labels}}"])
        };
        ensure!(labelled("sea=north")? == "harbour sea=north" && labelled("sea=south")?.is_empty());
        ensure!(world.docker(&["network", "ls", "--format", "{{.Name}} {{.Driver}}"])?.contains("harbour bridge"));
        let subnet = world.docker(&["network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "harbour"])?;
        ensure!(subnet == "10.77.0.0/24", "{subnet}");
        world.docker(
            &[&["run", "-d", "--name", "server", "--network", "harbour", "-e", "TEXT=from-server"][..], &SERVER]
                .concat(),
        )?;
        let address = "{{.NetworkSettings.Networks.harbour.IPAddress}}";
        let address = world.docker(&["inspect", "-f", address, "server"])?;
        ensure!(address.starts_with("10.77.0."), "{address}");
        let id = world.docker(&["inspect", "-f", "{{.NetworkSettings.Networks.harbour.NetworkID}}", "server"])?;
        ensure!(id == world.docker(&["network", "inspect", "-f", "{{.Id}}", "harbour"])?, "{id}");
        eventually("the server answers by its name", || {
            let fetch = ["busybox", "wget", "-q", "-O", "-", "http://server/"];
            let asked = world.try_docker(&[&["run", "--rm", "--network", "harbour"][..], &fetch].concat())?;
            Ok(asked.stdout == "from-server\n")
        })?;
        let stderr = world.docker_fails(&["network", "rm", "harbour"])?;
        ensure!(stderr.contains("in use"), "{stderr}");
        world.docker(&["rm", "-f", "server"])?;
        world.docker(&["network", "rm", "harbour"])?;
        ensure!(!world.docker(&["network", "ls"])?.contains("harbour"));
        Ok(())
    })
}

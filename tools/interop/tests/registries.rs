//! Registries that speak TLS or want a password: Debian's docker-registry, with an authority of the
//! lab's own.

use std::fs;
use std::io::{BufRead, BufReader, Write, copy};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use interop::authority::Authority;
use interop::fetched::docker_clients;
use interop::registry::{Registry, Settings};
use interop::world::{Who, World, own_etc};
use testkit::{Case, needs, run_to_end};

fn main() -> ExitCode {
    // Root of their labs: they change /etc.
    let cases: Vec<Case> = testkit::root_cases![
        a_registry_is_trusted_when_its_authority_is_where_docker_looks,
        one_file_in_the_environment_vouches_for_all_registries,
        a_certificate_for_another_name_is_refused,
        a_registry_on_this_machine_that_has_an_authority_speaks_tls,
        plain_http_is_for_this_machine_only,
        a_password_from_a_login_opens_a_registry,
        a_pull_goes_through_the_proxy_that_the_environment_names,
    ];
    testkit::run(cases.into_iter().map(|case| case.with_own_cgroups().time_limit(Duration::from_secs(120))).collect())
}

/// Names for 127.0.0.1 that don't look like this machine.
const HOSTS: [&str; 2] = ["registry.lab", "other.lab"];

const PORT: u16 = 5443;

fn world() -> Result<World> {
    for program in ["skopeo", "busybox", "openssl"] {
        needs::program(program)?;
    }
    let world = World::new(Who::Caller, env!("CARGO_BIN_EXE_interop-coracle"), None)?;
    own_etc()?;
    fs::write("/etc/hosts", format!("127.0.0.1 localhost {}\n", HOSTS.join(" ")))?;
    coracle(&world, "save -o busybox.tar busybox")?;
    Ok(world)
}

fn coracle(world: &World, line: &str) -> Result<String> {
    world.shell("", &format!("env -u DOCKER_HOST coracle {line}"))
}

/// What it says when it fails.
fn coracle_fails(world: &World, line: &str) -> Result<String> {
    let mut command = world.command("sh");
    command.args(["-c", &format!("env -u DOCKER_HOST coracle {line}")]);
    let output = run_to_end(command, Duration::from_secs(60))?;
    ensure!(!output.status.success(), "{line} succeeded: {}", output.stdout);
    Ok(output.stderr)
}

/// A registry with TLS that has the image, and its authority. `login` is for skopeo.
fn with_tls(world: &World, password_file: Option<&Path>, login: &str) -> Result<(Registry, Authority)> {
    let authority = Authority::new(world, "authority")?;
    let certificate = authority.certify(world, HOSTS[0])?;
    let settings = Settings {
        port: Some(PORT),
        certificate: Some(certificate),
        password_file: password_file.map(Path::to_path_buf),
    };
    let registry = Registry::start_with(world, &settings)?;
    // skopeo trusts it, too, and by the right name: so the certificate is a good one.
    world.shell(
        "",
        &format!(
            "mkdir for-skopeo && cp authority.crt for-skopeo/ && \
             skopeo --insecure-policy copy --dest-cert-dir for-skopeo {login} docker-archive:busybox.tar docker://{}",
            image(HOSTS[0])
        ),
    )?;
    Ok((registry, authority))
}

fn image(host: &str) -> String {
    format!("{host}:{PORT}/box:1")
}

/// Puts an authority where Docker looks for a host's own.
fn trust(authority: &Authority, host: &str) -> Result<()> {
    let directory = format!("/etc/docker/certs.d/{host}:{PORT}");
    fs::create_dir_all(&directory)?;
    fs::copy(&authority.certificate, Path::new(&directory).join("ca.crt"))?;
    Ok(())
}

fn a_registry_is_trusted_when_its_authority_is_where_docker_looks() -> Result<()> {
    let world = world()?;
    let (_registry, authority) = with_tls(&world, None, "")?;
    let name = image(HOSTS[0]);
    let refused = coracle_fails(&world, &format!("pull {name}"))?;
    ensure!(refused.contains("UnknownIssuer"), "{refused}");
    ensure!(refused.contains(&format!("/etc/docker/certs.d/{}:{PORT}/ca.crt", HOSTS[0])), "no cure: {refused}");
    ensure!(!coracle(&world, "images")?.contains(".lab"));
    // Another authority of the same name vouches for nothing.
    let stranger = Authority::new(&world, "stranger")?;
    trust(&stranger, HOSTS[0])?;
    let refused = coracle_fails(&world, &format!("pull {name}"))?;
    ensure!(refused.contains("UnknownIssuer"), "{refused}");
    trust(&authority, HOSTS[0])?;
    coracle(&world, &format!("pull {name}"))?;
    ensure!(coracle(&world, &format!("run --rm --network none {name} echo by TLS"))? == "by TLS");
    Ok(())
}

fn one_file_in_the_environment_vouches_for_all_registries() -> Result<()> {
    let world = world()?;
    let (_registry, authority) = with_tls(&world, None, "")?;
    let name = image(HOSTS[0]);
    let file = authority.certificate.display();
    world.shell("", &format!("env -u DOCKER_HOST SSL_CERT_FILE={file} coracle pull {name}"))?;
    ensure!(coracle(&world, "images")?.contains(".lab"));
    Ok(())
}

fn a_certificate_for_another_name_is_refused() -> Result<()> {
    let world = world()?;
    let (_registry, authority) = with_tls(&world, None, "")?;
    trust(&authority, HOSTS[1])?;
    let refused = coracle_fails(&world, &format!("pull {}", image(HOSTS[1])))?;
    ensure!(refused.contains("not valid for name") && refused.contains(HOSTS[0]), "{refused}");
    ensure!(refused.contains("cause: the certificate is for another host"), "{refused}");
    ensure!(!coracle(&world, "images")?.contains(".lab"));
    Ok(())
}

fn a_registry_on_this_machine_that_has_an_authority_speaks_tls() -> Result<()> {
    let world = world()?;
    let (_registry, authority) = with_tls(&world, None, "")?;
    let name = image("localhost");
    trust(&authority, "localhost")?;
    let refused = coracle_fails(&world, &format!("pull {name}"))?;
    ensure!(refused.contains("https://localhost") && refused.contains("not valid for name"), "{refused}");
    Ok(())
}

fn plain_http_is_for_this_machine_only() -> Result<()> {
    let world = world()?;
    let _registry = Registry::start(&world)?;
    let push = "skopeo --insecure-policy copy --dest-tls-verify=false docker-archive:busybox.tar";
    world.shell("", &format!("{push} docker://localhost:5000/box:1"))?;
    let refused = coracle_fails(&world, &format!("pull {}:5000/box:1", HOSTS[0]))?;
    ensure!(refused.contains("https://") && refused.contains("cause: it does not speak TLS"), "{refused}");
    coracle(&world, "pull localhost:5000/box:1")?;
    Ok(())
}

/// What docker-registry takes for "open sesame": bcrypt, which only it speaks.
const PASSWORDS: &str = "anna:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n";

fn a_password_from_a_login_opens_a_registry() -> Result<()> {
    let docker = docker_clients()?.remove(0);
    let world = world()?;
    world.choose(&docker)?;
    let file = world.path("passwords");
    fs::write(&file, PASSWORDS)?;
    let (_registry, authority) = with_tls(&world, Some(&file), "--dest-creds 'anna:open sesame'")?;
    trust(&authority, HOSTS[0])?;
    let name = image(HOSTS[0]);
    let _daemon = world.daemon()?;
    for refused in [coracle_fails(&world, &format!("pull {name}"))?, world.docker_fails(&["pull", &name])?] {
        ensure!(refused.contains("pull access denied for box"), "{refused}");
    }
    // docker asks the daemon, which asks the registry.
    let login = |password: &str| {
        let registry = format!("{}:{PORT}", HOSTS[0]);
        world.try_docker(&["login", "--username", "anna", "--password", password, &registry])
    };
    let refused = login("wrong")?;
    ensure!(!refused.status.success() && refused.stderr.contains("login to registry.lab"), "{refused:?}");
    let accepted = login("open sesame")?;
    ensure!(accepted.stdout.contains("Login Succeeded"), "{accepted:?}");
    // A build's base comes from there, too.
    fs::create_dir(world.path("context"))?;
    fs::write(world.path("context/Dockerfile"), format!("FROM {name}\nCMD echo built\n"))?;
    world.docker(&["build", "-t", "built", "context"])?;
    ensure!(world.docker(&["run", "--rm", "--network", "none", "built"])? == "built");
    world.docker(&["rmi", "built", &name])?;
    // The file is Docker's, and the same for both.
    world.docker(&["pull", &name])?;
    coracle(&world, &format!("rmi {name}"))?;
    coracle(&world, &format!("pull {name}"))?;
    Ok(())
}

fn a_pull_goes_through_the_proxy_that_the_environment_names() -> Result<()> {
    let world = world()?;
    let (_registry, authority) = with_tls(&world, None, "")?;
    trust(&authority, HOSTS[0])?;
    let name = image(HOSTS[0]);
    let (port, asked) = proxy()?;
    let pull = |except: &str| {
        let proxy = format!("HTTPS_PROXY=http://localhost:{port} NO_PROXY={except}");
        world.shell("", &format!("env -u DOCKER_HOST {proxy} coracle pull {name}"))
    };
    pull(HOSTS[0])?;
    ensure!(asked.try_iter().next().is_none(), "the proxy was asked for an excepted host");
    coracle(&world, &format!("rmi {name}"))?;
    // Only the proxy finds the host now.
    fs::write("/etc/hosts", "127.0.0.1 localhost\n")?;
    pull("")?;
    let asked: Vec<String> = asked.try_iter().collect();
    ensure!(!asked.is_empty() && asked.iter().all(|host| *host == format!("{}:{PORT}", HOSTS[0])), "{asked:?}");
    ensure!(coracle(&world, &format!("run --rm --network none {name} echo by proxy"))? == "by proxy");
    Ok(())
}

/// An HTTP proxy: what it was asked to connect to is told; the other end is always this machine.
fn proxy() -> Result<(u16, Receiver<String>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let (tell, asked) = channel();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let tell = tell.clone();
            // A client may go away at any moment.
            thread::spawn(move || tunnel(client, &tell).ok());
        }
    });
    Ok((port, asked))
}

fn tunnel(mut client: TcpStream, tell: &Sender<String>) -> Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    while reader.read_line(&mut String::new())? > 2 {}
    let host = first.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap_or(&first);
    tell.send(host.to_string())?;
    let mut server = TcpStream::connect(("127.0.0.1", PORT))?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut back, mut to_client) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || copy(&mut back, &mut to_client).ok());
    copy(&mut reader, &mut server)?;
    Ok(())
}

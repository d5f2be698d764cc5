use super::values::{bytes, duration};
use super::*;

fn parsed(line: &str) -> Result<Asked, String> {
    parse(line.split_whitespace().map(OsString::from))
}

fn container(line: &str) -> Container {
    match parsed(line) {
        Ok(Asked::Run(container)) => container,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn options_end_where_the_command_begins() {
    let asked = container("run --hostname boat ls --no-lab --hostname x");
    assert_eq!(asked.hostname, "boat");
    assert!(asked.lab);
    assert_eq!(asked.command, ["ls", "--no-lab", "--hostname", "x"]);
    assert!(container("run --init ls").init && !container("run ls --init").init);
    assert_eq!(container("run -- --odd").command, ["--odd"]);
    assert_eq!(container("run --hostname=a=b sh").hostname, "a=b");
}

#[test]
fn a_time_has_a_unit_or_is_in_seconds() {
    for (text, seconds) in [("90", 90), ("+90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86_400)] {
        assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for wrong in ["", "d", "-1d", "1 d", "1.5h", "1w", "99999999999999999999", "999999999999999999d"] {
        assert!(duration(wrong).is_err_and(|error| error.contains("no time")), "{wrong}");
    }
    assert_eq!(container("run --boottime +1d ls").boot_clock, Some(Duration::from_secs(86_400)));
    assert_eq!(container("run ls").boot_clock, None);
}

#[test]
fn a_network_is_none_bridge_or_the_hosts() {
    assert_eq!(container("run sh").network, Network::None);
    assert_eq!(container("run --network bridge sh").network, Network::Bridge);
    assert_eq!(container("run --net=host sh").network, Network::Host);
    assert!(parsed("run --network wan sh").is_err_and(|error| error.contains("no network")));
}

#[test]
fn a_published_port_implies_a_bridge() {
    let asked = container("run -p 8080:80 --publish=127.0.0.1:5432:5432/tcp sh");
    let port = |machine: &str, container| Port { machine: machine.parse().unwrap(), container };
    assert_eq!(asked.ports, [port("0.0.0.0:8080", 80), port("127.0.0.1:5432", 5432)]);
    assert_eq!(asked.network, Network::Bridge);
    assert_eq!(container("run --network bridge -p 8080:80 sh").network, Network::Bridge);
    for other in ["none", "host"] {
        let refused = parsed(&format!("run -p 8080:80 --network {other} sh"));
        assert!(refused.is_err_and(|error| error.contains("bridge")), "{other}");
    }
    for wrong in ["", "80", "0:80", "8080:0", "8080:65536", "8000-8010:80", "53:53/udp", "::1:80:80", "a:1:2"] {
        assert!(super::values::port(wrong).is_err_and(|error| error.contains("as 8080:80")), "{wrong}");
    }
}

#[test]
fn in_the_lab_listeners_come_as_numbers() {
    assert_eq!(container("run --in-lab=3,5 -p 1:1 -p 2:2 sh").listeners, [3, 5]);
    assert!(container("run --in-lab= sh").in_lab && container("run --in-lab= sh").listeners.is_empty());
    assert!(parsed("run --in-lab=x sh").is_err());
}

#[test]
fn limits_are_numbers_and_memory_has_a_unit() {
    let asked = container("run --cpus 0.5 --memory=64m --pids 20 sh");
    assert_eq!((asked.cpus, asked.memory, asked.pids), (Some(0.5), Some(64 << 20), Some(20)));
    assert!(asked.is_limited() && !container("run sh").is_limited());
    for (text, size) in [("4096", 4096), ("1K", 1024), ("2g", 2 << 30), ("7b", 7)] {
        assert_eq!(bytes(text), Ok(size), "{text}");
    }
    for wrong in ["", "m", "1.5g", "-1", "1t", "99999999999g"] {
        assert!(bytes(wrong).is_err_and(|error| error.contains("no size")), "{wrong}");
    }
    for wrong in ["--cpus x", "--pids -1", "--pids 1.5"] {
        assert!(parsed(&format!("run {wrong} sh")).is_err_and(|error| error.contains("no number")), "{wrong}");
    }
}

#[test]
fn powers_are_left_out_unless_asked_for() {
    let asked = container("run sh");
    assert!(!asked.privileged && !asked.no_new_privileges);
    assert!(container("run --privileged sh").privileged);
    assert!(container("run --security-opt no-new-privileges sh").no_new_privileges);
    assert!(
        parsed("run --security-opt seccomp=unconfined sh").is_err_and(|error| error.contains("seccomp=unconfined"))
    );
    assert!(parsed("run --init --security-opt no-new-privileges sh").is_err_and(|error| error.contains("--init")));
    assert_eq!(container("run -w /srv sh").directory.to_str(), Some("/srv"));
}

#[test]
fn a_volume_has_two_ends_and_may_be_read_only() {
    let volume =
        |source: &str, target: &str, read_only| Volume { source: source.into(), target: target.into(), read_only };
    assert_eq!(
        container("run -v /a:/b --volume=./c:/d/e:ro -v /f:/g:rw sh").volumes,
        [volume("/a", "/b", false), volume("./c", "/d/e", true), volume("/f", "/g", false)]
    );
    for (wrong, said) in [("/a", "no volume"), ("/a:/b:rx", "no volume"), ("a:/b", "./a"), ("/a:b", "absolute")] {
        assert!(parsed(&format!("run -v {wrong} sh")).is_err_and(|error| error.contains(said)), "{wrong}");
    }
    for no_place in ["/", "/..", "/a/.."] {
        assert!(parsed(&format!("run -v /a:{no_place} sh")).is_err(), "{no_place}");
    }
}

#[test]
fn exec_names_a_container_and_a_command() {
    let words = |command: &str| command.split(' ').map(OsString::from).collect::<Vec<_>>();
    let asked = |directory: &str| {
        let (container, directory) = ("web".into(), directory.into());
        Ok(Asked::Exec(Exec { container, directory, terminal: false, command: words("sh -c x") }))
    };
    assert_eq!(parsed("exec web sh -c x"), asked("/"));
    assert_eq!(parsed("exec -w /srv web sh -c x"), asked("/srv"));
    assert!(parsed("exec").is_err_and(|error| error.contains("container")));
    assert!(parsed("exec web").is_err_and(|error| error.contains("command")));
    assert!(parsed("exec -d web sh").is_err_and(|error| error.contains("-d")));
    for line in ["exec -i web sh -c x", "exec web -- sh -c x"] {
        assert_eq!(parsed(line), parsed("exec web sh -c x"), "{line}");
    }
    assert!(matches!(parsed("exec -it web sh"), Ok(Asked::Exec(Exec { terminal: true, .. }))));
    assert_eq!(container("run --name web sh").name, "web");
    assert_eq!((parsed("ps"), parsed("ps -a")), (Ok(Asked::Ps(false)), Ok(Asked::Ps(true))));
    let pause = |frozen| Asked::Pause(Pause { container: "web".into(), frozen });
    assert_eq!((parsed("pause web"), parsed("unpause web")), (Ok(pause(true)), Ok(pause(false))));
    assert!(parsed("pause").is_err_and(|error| error.contains("container")));
}

#[test]
fn a_container_in_the_background_is_looked_after_by_name() {
    let asked = container("run -d --name web sh");
    assert!(asked.detached && asked.lab && !asked.in_background);
    assert!(container("run --in-background -d sh").in_background);
    assert!(container("run -id sh").detached && container("run -it sh").terminal && !container("run -i sh").terminal);
    assert!(parsed("run -dt sh").is_err_and(|error| error.contains("terminal")));
    let stop = |seconds| Asked::Stop(Stop { container: "web".into(), patience: Duration::from_secs(seconds) });
    assert_eq!((parsed("stop web"), parsed("stop -t 3 web")), (Ok(stop(10)), Ok(stop(3))));
    let logs = |follow| Asked::Logs(Logs { container: "web".into(), follow });
    assert_eq!((parsed("logs web"), parsed("logs -f web")), (Ok(logs(false)), Ok(logs(true))));
    assert_eq!(parsed("rm web"), Ok(Asked::Remove("web".into())));
    for wrong in ["stop", "stop -t x web", "logs", "rm a b", "ps -q", "rm -f web"] {
        assert!(parsed(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_image_has_a_name_and_may_have_a_parent() {
    let import = |parent: Option<&str>, storage| {
        Asked::Import(Import { name: "app".into(), parent: parent.map(Into::into), storage })
    };
    assert_eq!(parsed("import app"), Ok(import(None, Storage::Overlay)));
    assert_eq!(parsed("import --storage vfs --parent hostbox app"), Ok(import(Some("hostbox"), Storage::Vfs)));
    for (line, said) in [("import", "a name"), ("import a b", "no b"), ("import --parent", "an image"), ("diff", "one")]
    {
        assert!(parsed(line).is_err_and(|error| error.contains(said)), "{line}");
    }
    assert!(parsed("run --storage zfs sh").is_err_and(|error| error.contains("\"zfs\"")));
    let asked = container("run --image app --storage=vfs sh");
    assert_eq!((asked.image.as_deref(), asked.storage), (Some("app"), Storage::Vfs));
    assert_eq!(parsed("diff app"), Ok(Asked::Diff("app".into())));
}

#[test]
fn without_arguments_it_helps() {
    for line in ["", "--help", "-h", "help", "run --help", "exec --help"] {
        assert_eq!(parsed(line), Ok(Asked::Help), "{line:?}");
    }
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    assert!(parsed("start sh").is_err_and(|error| error.contains("\"start\"")));
    assert!(parsed("run --nolab sh").is_err_and(|error| error.contains("--nolab")));
    assert!(parsed("run").is_err_and(|error| error.contains("run sh")));
    assert!(parsed("run --init=yes sh").is_err_and(|error| error.contains("--init=yes")));
    assert!(parsed("run --hostname").is_err_and(|error| error.contains("name")));
}

//! Whatever is done in a lab, nothing changes outside. (The "outside" of these cases is itself a
//! lab, so that even a lab that leaks does no harm to the machine.)

use std::fs;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Lab, observe};
use testkit::{Output, needs, run_to_end};

fn main() -> ExitCode {
    let ordinary = testkit::cases![
        killing_everybody_kills_nobody_outside,
        killing_ones_process_group_reaches_nobody_outside,
        a_lab_has_a_proc_of_its_own,
        writing_outside_of_the_private_places_is_refused,
        private_places_are_empty_and_vanish,
        a_working_directory_under_tmp_is_still_there_and_read_only,
        who_stands_in_tmp_stands_in_the_labs_own,
        what_is_to_be_visible_is_visible_and_what_is_to_be_writable_is_written,
        the_program_of_a_caller_has_the_callers_ids_and_no_more_powers,
        a_container_can_be_made_in_a_lab,
        no_descriptor_is_added,
        signals_are_as_the_caller_had_them,
        mounts_can_be_shared_within,
        an_ordinary_users_lab_cannot_be_unlocked_from_inside,
        a_limit_on_processes_holds_for_an_ordinary_user,
        a_limit_on_memory_holds,
    ];
    let with_powers = testkit::root_cases![
        a_host_name_set_inside_stays_inside,
        a_mount_made_inside_stays_inside,
        a_link_made_inside_stays_inside,
        the_loopback_is_up,
        a_lab_in_a_lab_in_a_lab_works,
        where_proc_is_partly_covered_the_lab_says_so_and_runs,
        the_machines_settings_cannot_be_written_and_the_labs_own_can,
    ];
    testkit::run([ordinary, with_powers].concat())
}

fn in_lab(lab: &Lab, script: &str) -> Result<Output> {
    let mut command = lab.command("sh");
    command.args(["-c", script]);
    run_to_end(command, Duration::from_secs(20))
}

fn own() -> i32 {
    std::process::id() as i32
}

fn killing_everybody_kills_nobody_outside() -> Result<()> {
    let mut bystander = Command::new("sleep").arg("100").spawn()?;
    // The shell kills all but itself and PID 1, then reports.
    let done = in_lab(&Lab::new(), "trap '' HUP; sleep 50 & kill -9 -1; wait; echo survived")?;
    ensure!(bystander.try_wait()?.is_none(), "the bystander is dead");
    ensure!(done.stdout == "survived\n" && done.status.success(), "{done:?}");
    bystander.kill()?;
    bystander.wait()?;
    Ok(())
}

fn killing_ones_process_group_reaches_nobody_outside() -> Result<()> {
    // kill(0) isn't stopped by a PID namespace, only by a process group: this process would die.
    let done = in_lab(&Lab::new(), "kill -9 0")?;
    ensure!(done.status.code() == Some(128 + 9), "{done:?}");
    Ok(())
}

fn a_lab_has_a_proc_of_its_own() -> Result<()> {
    let done = in_lab(&Lab::as_caller(), "cat /proc/1/comm; echo /proc/[0-9]*; readlink /proc/self/ns/pid")?;
    let lines: Vec<&str> = done.stdout.lines().collect();
    ensure!(lines[0] == "lab" && lines[1] == "/proc/1 /proc/2", "{done:?}");
    ensure!(lines[2] != format!("pid:[{}]", observe::namespace_inode(own(), "pid")?));
    Ok(())
}

fn writing_outside_of_the_private_places_is_refused() -> Result<()> {
    // In a private place of the outer lab we may write, in the same place kept for the inner lab we may
    // not.
    fs::create_dir("/tmp/kept")?;
    fs::write("/tmp/kept/file", "before")?;
    let lab = Lab::new().visible("/tmp/kept");
    let done = in_lab(&lab, "cat /tmp/kept/file && ! echo x >/tmp/kept/file && ! rm /tmp/kept/file && ! touch /etc/x")?;
    ensure!(done.status.success() && done.stdout == "before", "{done:?}");
    ensure!(done.stderr.matches("Read-only file system").count() >= 2, "{done:?}");
    ensure!(fs::read_to_string("/tmp/kept/file")? == "before");
    Ok(())
}

fn private_places_are_empty_and_vanish() -> Result<()> {
    fs::write("/tmp/outside", "")?;
    let done = in_lab(
        &Lab::as_caller(),
        "ls -A /tmp /var/tmp /dev/shm; for d in /tmp /var/tmp /run /dev/shm; do echo x >$d/x || exit 1; done",
    )?;
    ensure!(done.status.success() && !done.stdout.contains("outside"), "{done:?}");
    for place in ["/tmp/x", "/run/x", "/dev/shm/x"] {
        ensure!(!fs::exists(place)?, "{place} is there outside");
    }
    Ok(())
}

fn a_working_directory_under_tmp_is_still_there_and_read_only() -> Result<()> {
    fs::create_dir_all("/tmp/here/deep")?;
    fs::write("/tmp/here/deep/file", "")?;
    let mut command = Lab::new().command("sh");
    command.args(["-c", "pwd; ls; ls ../..; touch x"]).current_dir("/tmp/here/deep");
    fs::write("/tmp/elsewhere", "")?;
    let done = run_to_end(command, Duration::from_secs(20))?;
    ensure!(done.stdout.starts_with("/tmp/here/deep\nfile\n"), "{done:?}");
    ensure!(!done.stdout.contains("elsewhere"), "the rest of /tmp isn't seen from there: {done:?}");
    ensure!(done.stderr.contains("Read-only"), "{done:?}");
    Ok(())
}

fn who_stands_in_tmp_stands_in_the_labs_own() -> Result<()> {
    fs::write("/tmp/outside", "")?;
    let mut command = Lab::new().command("sh");
    command.args(["-c", "ls && touch inside"]).current_dir("/tmp");
    let done = run_to_end(command, Duration::from_secs(20))?;
    ensure!(done.status.success() && !done.stdout.contains("outside"), "{done:?}");
    ensure!(!fs::exists("/tmp/inside")?);
    Ok(())
}

fn what_is_to_be_visible_is_visible_and_what_is_to_be_writable_is_written() -> Result<()> {
    fs::create_dir_all("/tmp/in/out")?;
    fs::write("/tmp/one", "1")?;
    let lab = Lab::as_caller().visible("/tmp/in").visible("/tmp/one").writable("/tmp/in/out");
    let done = in_lab(&lab, "cat /tmp/one; ! touch /tmp/in/x; echo 2 >/tmp/in/out/two")?;
    ensure!(done.status.success() && done.stdout == "1", "{done:?}");
    ensure!(fs::read_to_string("/tmp/in/out/two")? == "2\n");
    Ok(())
}

fn the_program_of_a_caller_has_the_callers_ids_and_no_more_powers() -> Result<()> {
    let done = in_lab(&Lab::as_caller(), "id -u; id -g; grep CapEff /proc/self/status")?;
    let before = observe::capabilities(own())?.effective;
    let expected = format!("{}\n{}\nCapEff:\t{before:016x}\n", nix::unistd::geteuid(), nix::unistd::getegid());
    ensure!(done.stdout == expected, "{done:?}, not {expected:?}");
    Ok(())
}

fn a_container_can_be_made_in_a_lab() -> Result<()> {
    needs::user_namespaces()?;
    needs::program("unshare")?;
    let script = "unshare --user --map-root-user --pid --mount --net --fork sh -c \
                  'mount -t proc proc /proc && mount -t sysfs sysfs /sys && echo $$ /proc/[0-9]* && cat /proc/sys/kernel/hostname'";
    for lab in [Lab::as_caller(), Lab::new()] {
        let done = in_lab(&lab, script)?;
        ensure!(done.status.success() && done.stdout == "1 /proc/1\nlab\n", "{done:?}");
    }
    Ok(())
}

fn no_descriptor_is_added() -> Result<()> {
    let mut command = Lab::new().command("ls");
    command.arg("/proc/self/fd");
    let done = run_to_end(command, Duration::from_secs(20))?;
    ensure!(done.stdout.split_whitespace().eq(["0", "1", "2", "3"]), "{done:?}");
    Ok(())
}

fn signals_are_as_the_caller_had_them() -> Result<()> {
    let script = "grep -E '^Sig(Blk|Ign)' /proc/self/status";
    let mut directly = Command::new("sh");
    directly.args(["-c", script]);
    let directly = run_to_end(directly, Duration::from_secs(20))?;
    ensure!(in_lab(&Lab::new(), script)?.stdout == directly.stdout);
    Ok(())
}

fn mounts_can_be_shared_within() -> Result<()> {
    for (lab, shared) in [(Lab::new(), false), (Lab::new().shared_mounts(), true)] {
        let mut outer = lab.command("sleep").arg("100").spawn()?;
        let program = observe::program(outer.id() as i32, Duration::from_secs(10))?;
        let mounts = observe::mountinfo(program)?;
        let root = mounts.iter().find(|mount| mount.mount_point == *"/").expect("a root");
        ensure!(root.propagation.shared.is_some() == shared, "{root:?}");
        let ours = observe::mountinfo(own())?;
        ensure!(ours.iter().all(|mount| mount.is_private()), "sharing stays inside");
        outer.kill()?;
        outer.wait()?;
    }
    Ok(())
}

fn an_ordinary_users_lab_cannot_be_unlocked_from_inside() -> Result<()> {
    needs::ordinary_user()?;
    fs::create_dir("/tmp/kept")?;
    let lab = Lab::new().visible("/tmp/kept");
    let done = in_lab(
        &lab,
        "mount -o remount,bind,rw /; mount -o remount,bind,rw /tmp/kept; umount -l /tmp; touch /tmp/kept/x",
    )?;
    ensure!(!done.status.success() && !fs::exists("/tmp/kept/x")?, "{done:?}");
    Ok(())
}

fn a_limit_on_processes_holds_for_an_ordinary_user() -> Result<()> {
    needs::ordinary_user()?;
    let lab = Lab::as_caller().limits(lab::Limits { processes: Some(20), ..Default::default() });
    let done = in_lab(&lab, "for i in $(seq 40); do sleep 20 & done; echo all")?;
    ensure!(!done.stdout.contains("all") && !done.stderr.is_empty(), "{done:?}");
    Ok(())
}

fn a_limit_on_memory_holds() -> Result<()> {
    let lab = Lab::as_caller().limits(lab::Limits { memory: Some(256 << 20), ..Default::default() });
    let done = in_lab(&lab, "ulimit -v; head -c 600000000 /dev/zero | tail -n 1 | wc -c")?;
    ensure!(done.stdout.starts_with("262144\n"), "256 MiB in KiB: {done:?}");
    ensure!(!done.stdout.contains("600000000"), "tail had to hold it all: {done:?}");
    Ok(())
}

fn a_host_name_set_inside_stays_inside() -> Result<()> {
    let before = observe::hostname_in(own())?;
    let mut outer = Lab::new().command("sh").args(["-c", "hostname inside; exec sleep 100"]).spawn()?;
    let program = observe::program(outer.id() as i32, Duration::from_secs(10))?;
    for _ in 0..1000 {
        if observe::hostname_in(program)? != "lab" {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    ensure!(observe::hostname_in(program)? == "inside");
    ensure!(observe::hostname_in(own())? == before);
    ensure!(observe::namespaces_differ(program, own(), "uts")?);
    outer.kill()?;
    outer.wait()?;
    Ok(())
}

fn a_mount_made_inside_stays_inside() -> Result<()> {
    // As systemd leaves the mounts of a real machine: shared, so that a lab which doesn't make its own
    // private leaks.
    ensure!(Command::new("mount").args(["--make-rshared", "/"]).status()?.success());
    let before = observe::mountinfo(own())?;
    let done = in_lab(&Lab::new(), "mount -t tmpfs made-inside /mnt && grep -c made-inside /proc/self/mountinfo")?;
    ensure!(done.stdout == "1\n", "{done:?}");
    ensure!(observe::mountinfo(own())? == before);
    Ok(())
}

fn a_link_made_inside_stays_inside() -> Result<()> {
    needs::program("ip")?;
    let links = || Command::new("ip").args(["-brief", "link"]).output().map(|output| output.stdout);
    let before = links()?;
    let done = in_lab(&Lab::new(), "ip link add inside type bridge && ip -brief link show inside")?;
    ensure!(done.status.success() && done.stdout.starts_with("inside"), "{done:?}");
    ensure!(links()? == before);
    Ok(())
}

fn the_loopback_is_up() -> Result<()> {
    // In this case's own lab.
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    std::net::TcpStream::connect(listener.local_addr()?)?;
    Ok(())
}

fn where_proc_is_partly_covered_the_lab_says_so_and_runs() -> Result<()> {
    needs::program("unshare")?;
    // As in Docker: covered, and then locked by a user namespace.
    let script = "for proc in /proc /run/lab-proc; do test ! -e $proc/sys/vm || mount -t tmpfs none $proc/sys/vm; done
                  exec unshare --user --map-root-user --mount \"$0\" \
                  --exact the_loopback_is_up --nocapture";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(std::env::current_exe()?);
    let done = run_to_end(command, Duration::from_secs(20))?;
    ensure!(done.stdout.contains("1 passed"), "{done:?}");
    ensure!(done.stderr.contains("no /proc of its own: mount: EPERM"), "{done:?}");
    Ok(())
}

fn the_machines_settings_cannot_be_written_and_the_labs_own_can() -> Result<()> {
    let core_pattern = fs::read_to_string("/proc/sys/kernel/core_pattern")?;
    let done = in_lab(
        &Lab::new(),
        "echo 1 >/proc/sys/net/ipv4/ip_forward && echo own
         cat /proc/sys/kernel/core_pattern >/proc/sys/kernel/core_pattern",
    )?;
    ensure!(done.stdout == "own\n" && !done.status.success(), "{done:?}");
    ensure!(fs::read_to_string("/proc/sys/kernel/core_pattern")? == core_pattern);
    Ok(())
}

fn a_lab_in_a_lab_in_a_lab_works() -> Result<()> {
    // This case is the first, what it starts is the second.
    let mut second = Lab::as_caller().command("/proc/self/exe");
    second.args(["--exact", "the_loopback_is_up", "--nocapture"]);
    let done = run_to_end(second, Duration::from_secs(20))?;
    ensure!(done.status.success() && done.stdout.contains("1 passed"), "{done:?}");
    Ok(())
}

//! Many processes on one store.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::unistd::Uid;
use testkit::{Case, cases, eventually, needs, run_to_end};

use crate::running::{self, Running};

pub fn cases() -> Vec<Case> {
    cases![
        of_forty_with_one_name_at_once_one_is_made,
        a_start_is_not_disturbed_by_others_that_look_for_debris,
        rm_goes_on_after_one_that_is_not_there,
        ps_shows_no_raw_control_characters,
        other_directories_in_a_root_are_never_touched,
        a_root_that_others_may_write_to_is_refused,
        a_link_of_somebody_elses_is_no_store,
        an_unknown_owner_is_never_us,
        a_default_root_that_a_stranger_has_taken_is_passed_over,
        rm_decides_by_what_is_true_under_the_lock,
        the_id_of_a_created_container_can_be_captured,
        a_container_whose_id_cannot_be_printed_is_removed,
        what_can_not_be_removed_yet_is_told_and_bars_only_its_name,
        from_another_pid_namespace_nothing_is_taken_for_dead,
        what_was_made_in_a_pid_namespace_that_is_gone_can_be_removed,
        another_users_lock_holds_nobody_up,
    ]
}

fn create(name: &str, command: &[&str]) -> Result<Child> {
    let args = ["create", "--name", name, "--"];
    Ok(running::program().args(args).args(command).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

fn of_forty_with_one_name_at_once_one_is_made() -> Result<()> {
    let children = (0..40).map(|_| create("one", &["true"])).collect::<Result<Vec<_>>>()?;
    let mut made = 0;
    for mut child in children {
        made += usize::from(child.wait()?.success());
    }
    ensure!(made == 1, "{made} containers have one name");
    ensure!(running::program().args(["rm", "--force", "one"]).status()?.success());
    running::expect_empty_store()
}

fn a_start_is_not_disturbed_by_others_that_look_for_debris() -> Result<()> {
    let names: Vec<_> = (0..20).map(|number| format!("box{number}")).collect();
    for name in &names {
        ensure!(create(name, &["true"])?.wait()?.success());
    }
    let mut others = (0..40).map(|_| running::run(&[], "true").spawn()).collect::<Result<Vec<_>, _>>()?;
    for name in &names {
        let output = running::program().args(["start", name]).output()?;
        ensure!(output.status.success(), "{name}: {output:?}");
    }
    for other in &mut others {
        ensure!(other.wait()?.success());
    }
    eventually("all have stopped and can be removed", || {
        Ok(running::program().arg("rm").args(&names).stderr(Stdio::null()).status()?.success()
            || running::expect_empty_store().is_ok())
    })
}

fn rm_goes_on_after_one_that_is_not_there() -> Result<()> {
    ensure!(create("there", &["true"])?.wait()?.success());
    let output = running::program().args(["rm", "--force", "missing", "there"]).output()?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    ensure!(String::from_utf8_lossy(&output.stderr).contains("no such container: missing"), "{output:?}");
    running::expect_empty_store()
}

fn ps_shows_no_raw_control_characters() -> Result<()> {
    ensure!(create("odd", &["echo", "\x1b[2Jgone\nnext"])?.wait()?.success());
    let output = running::program().arg("ps").output()?;
    let rows = String::from_utf8(output.stdout)?;
    ensure!(rows.lines().count() == 2 && !rows.contains('\x1b'), "{rows:?}");
    ensure!(running::program().args(["rm", "--force", "odd"]).status()?.success());
    Ok(())
}

fn run_in(root: &str) -> Result<std::process::Output> {
    let program = env!("CARGO_BIN_EXE_ch01-namespaces");
    Ok(Command::new(program).args(["--root", root, "run", "--", "true"]).output()?)
}

fn other_directories_in_a_root_are_never_touched() -> Result<()> {
    fs::create_dir_all("/tmp/home/thesis")?;
    fs::write("/tmp/home/thesis/draft", "years of work")?;
    let refused = run_in("/tmp/home")?;
    ensure!(refused.status.code() == Some(125), "{refused:?}");
    ensure!(String::from_utf8_lossy(&refused.stderr).contains("holds other things"), "{refused:?}");
    // Also when it came later, into a directory that is a store already.
    ensure!(run_in("/tmp/mixed")?.status.success());
    fs::create_dir("/tmp/mixed/photos")?;
    symlink("/tmp/home/thesis", format!("/tmp/mixed/{}", "a".repeat(64)))?;
    ensure!(run_in("/tmp/mixed")?.status.success());
    ensure!(fs::exists("/tmp/mixed/photos")? && fs::exists("/tmp/home/thesis/draft")?, "somebody's things are gone");
    Ok(())
}

fn a_root_that_others_may_write_to_is_refused() -> Result<()> {
    fs::create_dir("/tmp/public")?;
    fs::set_permissions("/tmp/public", fs::Permissions::from_mode(0o1777))?;
    let refused = run_in("/tmp/public")?;
    ensure!(refused.status.code() == Some(125), "{refused:?}");
    ensure!(String::from_utf8_lossy(&refused.stderr).contains("make us remove files"), "{refused:?}");
    Ok(())
}

fn a_link_of_somebody_elses_is_no_store() -> Result<()> {
    needs::root()?;
    fs::create_dir("/tmp/mine")?;
    symlink("/tmp/mine", "/tmp/coracle")?;
    std::os::unix::fs::lchown("/tmp/coracle", Some(65534), None)?;
    let refused = run_in("/tmp/coracle")?;
    ensure!(refused.status.code() == Some(125), "{refused:?}");
    ensure!(String::from_utf8_lossy(&refused.stderr).contains("is a link of user 65534's"), "{refused:?}");
    // A directory of theirs isn't either.
    fs::create_dir("/tmp/theirs")?;
    chown("/tmp/theirs", Some(65534), None)?;
    ensure!(run_in("/tmp/theirs")?.status.code() == Some(125));
    Ok(())
}

/// A store of a stranger's with an undo record that removes the file `precious`.
fn lay_trap(root: &str, precious: &str) -> Result<()> {
    let container = format!("{root}/{}", "a".repeat(64));
    fs::create_dir_all(&container)?;
    fs::write(format!("{root}/coracle-store"), "")?;
    fs::write(format!("{container}/undo.jsonl"), format!("{{\"remove_file\":\"{precious}\"}}\n"))?;
    fs::write(precious, "")?;
    for path in [root.into(), format!("{root}/coracle-store"), format!("{container}/undo.jsonl"), container] {
        chown(path, Some(4711), Some(4711))?;
    }
    Ok(())
}

fn an_unknown_owner_is_never_us() -> Result<()> {
    needs::root()?;
    let program = env!("CARGO_BIN_EXE_ch01-namespaces");
    // In both, our own id is 65534, and the stranger's shows as the same.
    let unmapped = ["unshare", "--user", program];
    let mapped = [program, "run", "--namespaces", "user,mount,pid,uts", "--map-user", "65534", "--", program];
    for (outer, name) in [(&unmapped[..], "/tmp/coracle-65534"), (&mapped[..], "/tmp/coracle-0")] {
        lay_trap(name, "/tmp/precious")?;
        for root in [&["--root", name][..], &[]] {
            let inner = [root, &["run", "--", "true"]].concat();
            let output = Command::new(outer[0]).args(&outer[1..]).args(inner).output()?;
            let stderr = String::from_utf8_lossy(&output.stderr);
            ensure!(fs::exists("/tmp/precious")?, "{outer:?} {root:?}: a stranger's undo record was run");
            ensure!(output.status.code() == Some(125) && stderr.contains("our files from a stranger's"), "{stderr}");
        }
    }
    Ok(())
}

fn a_default_root_that_a_stranger_has_taken_is_passed_over() -> Result<()> {
    needs::root()?;
    // /run is somebody else's for root of a user namespace who is nobody there; then the name is
    // that of the id outside.
    lay_trap("/tmp/coracle-1234", "/tmp/precious")?;
    let program = env!("CARGO_BIN_EXE_ch01-namespaces");
    let script = format!("{program} run -- true && ls /tmp");
    let mut unshare = Command::new("setpriv");
    unshare.args(["--reuid", "1234", "--regid", "1234", "--clear-groups", "--reset-env"]);
    let output = unshare.args(["unshare", "--user", "--map-root-user", "sh", "-c", &script]).output()?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{output:?}");
    ensure!(stdout.lines().any(|name| name.starts_with("coracle-1234-")), "{stdout} {stderr}");
    ensure!(fs::exists("/tmp/precious")?, "a stranger's undo record was run");
    Ok(())
}

fn rm_decides_by_what_is_true_under_the_lock() -> Result<()> {
    // A maker that is held up between the making and the end of its work, by a reader of its narration
    // who doesn't read.
    let (reader, writer) = std::io::pipe()?;
    let mut filler = vec![0u8; 4096];
    nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETPIPE_SZ(4096))?;
    filler.fill(b'x');
    std::io::Write::write_all(&mut &writer, &filler)?;
    let args = ["create", "--explain", "--name", "slow", "--", "sleep", "60"];
    let mut maker = running::program().args(args).stdout(Stdio::null()).stderr(writer).spawn()?;
    eventually("the container is being made", || {
        let ps = running::program().args(["ps", "--format", "json"]).output()?;
        Ok(String::from_utf8_lossy(&ps.stdout).contains("slow"))
    })?;
    let mut rm = running::program();
    rm.args(["rm", "slow"]);
    let rm = run_to_end(rm, Duration::from_secs(10))?;
    ensure!(!rm.status.success() && rm.stderr.contains("busy"), "rm of a container in the making: {rm:?}");
    // Now it can go on.
    let drain = std::thread::spawn(move || std::io::copy(&mut { reader }, &mut std::io::sink()));
    ensure!(maker.wait()?.success());
    let kept = running::program().args(["rm", "slow"]).output()?;
    ensure!(String::from_utf8_lossy(&kept.stderr).contains("is alive"), "{kept:?}");
    ensure!(running::program().args(["rm", "--force", "slow"]).status()?.success());
    let _ = drain.join();
    running::expect_empty_store()
}

fn the_id_of_a_created_container_can_be_captured() -> Result<()> {
    // `id=$(… create …)`: the shell reads until everybody has closed the pipe.
    let mut create = running::program();
    create.args(["create", "--", "sleep", "60"]);
    let created = run_to_end(create, Duration::from_secs(10))?;
    ensure!(created.status.success() && created.stdout.trim().len() == 64, "{created:?}");
    let mut start = running::program();
    start.args(["start", created.stdout.trim()]);
    ensure!(run_to_end(start, Duration::from_secs(10))?.status.success());
    ensure!(running::program().args(["rm", "--force", created.stdout.trim()]).status()?.success());
    running::expect_empty_store()
}

fn a_container_whose_id_cannot_be_printed_is_removed() -> Result<()> {
    let full = fs::File::options().write(true).open("/dev/full")?;
    let output = running::program().args(["create", "--", "true"]).stdout(full).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(125) && stderr.contains("cannot print the container's id"), "{stderr}");
    running::expect_empty_store()
}

fn what_can_not_be_removed_yet_is_told_and_bars_only_its_name() -> Result<()> {
    let mut killed = Running::start(&["--name", "box"], "")?;
    let state = running::program().args(["ps", "--format", "json"]).output()?;
    let id =
        serde_json::from_slice::<serde_json::Value>(&state.stdout)?[0]["id"].as_str().context("no id")?.to_string();
    fs::create_dir_all("/tmp/in-use/by-somebody")?;
    fs::write(format!("{}/{id}/undo.jsonl", running::STORE), "{\"remove_directory\":\"/tmp/in-use\"}\n")?;
    killed.child.kill()?;
    killed.child.wait()?;
    let output = running::run(&[], "echo it ran").output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && output.stdout == b"it ran\n", "run is barred: {said}");
    ensure!(said.contains(&id) && said.contains("rmdir /tmp/in-use"), "it wasn't told: {said}");
    let same_name = running::run(&["--name", "box"], "true").output()?;
    let said = String::from_utf8_lossy(&same_name.stderr);
    ensure!(same_name.status.code() == Some(125) && said.contains("is taken"), "{said}");
    fs::remove_dir("/tmp/in-use/by-somebody")?;
    let output = running::run(&[], "true").output()?;
    ensure!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    running::expect_empty_store()
}

fn from_another_pid_namespace_nothing_is_taken_for_dead() -> Result<()> {
    let running = Running::start(&["--name", "box"], "")?;
    let program = env!("CARGO_BIN_EXE_ch01-namespaces");
    let ask = format!("{program} --root {0} ps; {program} --root {0} rm box", running::STORE);
    let other = ["--root", "/tmp/other", "run", "--namespaces"];
    let kinds = if Uid::effective().is_root() { "pid,mount" } else { "user,pid,mount" };
    let output = Command::new(program).args(other).args([kinds, "--", "sh", "-c", &ask]).output()?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(stdout.contains("unknown"), "ps in there says {stdout} {stderr}");
    ensure!(!output.status.success(), "rm in there succeeded");
    ensure!(lab::observe::process_exists(running.pid), "the container was killed from there");
    Ok(())
}

fn what_was_made_in_a_pid_namespace_that_is_gone_can_be_removed() -> Result<()> {
    let program = env!("CARGO_BIN_EXE_ch01-namespaces");
    let create = format!("{program} --root {} create --name ghost -- sleep 60 >&2;", running::STORE);
    let outer = Running::start(&[], &create)?;
    // Its namespace lives: nobody here can tell whether it does.
    let refused = running::program().args(["rm", "--force", "ghost"]).output()?;
    let said = String::from_utf8_lossy(&refused.stderr);
    ensure!(!refused.status.success() && said.contains("cure: remove it from there"), "{said}");
    ensure!(outer.let_go()?.success());
    let ps = running::program().arg("ps").output()?;
    ensure!(String::from_utf8_lossy(&ps.stdout).contains("stopped"), "{ps:?}");
    let removed = running::program().args(["rm", "ghost"]).output()?;
    ensure!(removed.status.success(), "{removed:?}");
    running::expect_empty_store()
}

fn another_users_lock_holds_nobody_up() -> Result<()> {
    needs::root()?;
    needs::program("flock")?;
    needs::program("setpriv")?;
    ensure!(running::run(&[], "true").status()?.success());
    fs::set_permissions(running::STORE, fs::Permissions::from_mode(0o755))?;
    let somebody = ["--reuid", "12345", "--regid", "12345", "--clear-groups", "flock"];
    let locks = |path: &str| Command::new("setpriv").args(somebody).args([path, "sleep", "60"]).spawn();
    let mark = format!("{}/coracle-store", running::STORE);
    let mut holders = [locks(running::STORE)?, locks(&mark)?];
    eventually("the directory is locked", || Ok(fs::File::open(running::STORE)?.try_lock().is_err()))?;
    let mut command = running::run(&[], "true");
    command.stdin(Stdio::null());
    let ended = run_to_end(command, Duration::from_secs(10));
    for holder in &mut holders {
        holder.kill()?;
        holder.wait()?;
    }
    ensure!(ended?.status.success());
    running::expect_empty_store()
}

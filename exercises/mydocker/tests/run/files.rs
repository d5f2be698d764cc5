//! Its files, devices and volumes.

use anyhow::{Result, ensure};
use testkit::{Case, cases, needs};

use crate::running::{run, stderr, stdout};

pub fn cases() -> Vec<Case> {
    cases![
        its_files_are_its_own_and_no_mount_is_seen_on_the_host,
        its_devices_work_and_no_disk_is_among_them,
        a_volume_is_shown_and_may_be_read_only,
        a_link_in_the_root_leads_no_volume_out,
        a_volume_on_the_root_itself_is_refused,
    ]
}

fn its_files_are_its_own_and_no_mount_is_seen_on_the_host() -> Result<()> {
    let mounts = || Ok::<_, anyhow::Error>(std::fs::read_to_string("/proc/self/mountinfo")?);
    let before = mounts()?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("file");
    std::fs::write(&file, "the host's")?;
    let script = format!(
        "cat {0}; mkdir -p {1}; echo overwritten >{0}; cat {0}; ls /",
        file.display(),
        directory.path().display()
    );
    for place in ["--no-lab", "--init"] {
        let output = run(&["run", place, "sh", "-c", &script])?;
        let said = stdout(&output);
        ensure!(said.starts_with("overwritten\nbin\n") && !said.contains("the host's"), "{place}: {output:?}");
        ensure!(std::fs::read_to_string(&file)? == "the host's", "{place}: {output:?}");
    }
    ensure!(mounts()? == before, "{}", mounts()?);
    Ok(())
}

fn its_devices_work_and_no_disk_is_among_them() -> Result<()> {
    let script = "head -c 1 /dev/zero | wc -c; echo x >/dev/null; echo x 2>/dev/null >/dev/full || echo full; \
                  echo to stderr >/dev/stderr; ls -l /dev | grep -c '^b'";
    let output = run(&["run", "--no-lab", "sh", "-c", script])?;
    ensure!(stdout(&output) == "1\nfull\n0", "{output:?}");
    ensure!(stderr(&output).contains("to stderr"), "{output:?}");
    Ok(())
}

fn a_volume_is_shown_and_may_be_read_only() -> Result<()> {
    let directory = tempfile::tempdir()?;
    std::fs::write(directory.path().join("file"), "the host's")?;
    let source = directory.path().display();
    let (writable, read_only) = (format!("{source}:/data/new"), format!("{source}/file:/etc/hosts:ro"));
    for place in ["--no-lab", "--init"] {
        let script = "cat /etc/hosts; echo x 2>/dev/null >/etc/hosts || echo refused; echo more >/data/new/more";
        let missing = run(&["run", place, "-v", &writable, "sh", "-c", script])?;
        ensure!(missing.status.code() == Some(125) && stderr(&missing).contains("/data"), "{place}: {missing:?}");
        let here = writable.replace("/data/new", "/srv/new");
        let script = script.replace("/data", "/srv");
        let output = run(&["run", place, "-v", &here, "-v", &read_only, "sh", "-c", &script])?;
        ensure!(stdout(&output) == "the host'srefused", "{place}: {output:?}");
        let more = directory.path().join("more");
        ensure!(std::fs::read_to_string(&more)? == "more\n", "{place}: {output:?}");
        std::fs::remove_file(more)?;
        let none = run(&["run", place, "-v", &format!("{source}/none:/data"), "true"])?;
        ensure!(none.status.code() == Some(125) && stderr(&none).contains("/none"), "{place}: {none:?}");
    }
    Ok(())
}

fn a_link_in_the_root_leads_no_volume_out() -> Result<()> {
    let [strangers, hosts, ours] = [tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?];
    std::os::unix::fs::symlink(hosts.path(), strangers.path().join("out"))?;
    let volumes = [format!("{}:/srv/a", strangers.path().display()), format!("{}:/srv/a/out", ours.path().display())];
    let output = run(&["run", "--no-lab", "-v", &volumes[0], "-v", &volumes[1], "true"])?;
    ensure!(output.status.code() == Some(125) && stderr(&output).contains("/srv/a/out"), "{output:?}");
    // Where the link's end is in the root, that is the place.
    let other = format!("{}:{}", hosts.path().display(), hosts.path().display());
    std::fs::write(ours.path().join("mark"), "")?;
    let list = hosts.path().display().to_string();
    let output = run(&["run", "--no-lab", "-v", &volumes[0], "-v", &other, "-v", &volumes[1], "ls", &list])?;
    ensure!(stdout(&output) == "mark" && std::fs::read_dir(hosts.path())?.count() == 0, "{output:?}");
    Ok(())
}

fn a_volume_on_the_root_itself_is_refused() -> Result<()> {
    needs::user_namespaces()?;
    // What a link leads to doesn't show in the target's text.
    let directory = tempfile::tempdir()?;
    std::os::unix::fs::symlink("/", directory.path().join("all"))?;
    let volumes = [format!("{}:/srv/a", directory.path().display()), "/usr:/srv/a/all".to_string()];
    let output = run(&["run", "--no-lab", "-v", &volumes[0], "-v", &volumes[1], "true"])?;
    ensure!(output.status.code() == Some(125) && stderr(&output).contains("is the root itself"), "{output:?}");
    Ok(())
}

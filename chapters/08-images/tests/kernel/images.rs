//! Images that are there, that are saved and loaded, and that lie.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use testkit::{Case, cases};

use crate::archives::{config, docker_archive, nested_archive, oci_archive, tar};
use crate::world::{blobs, fails, program, refused, said, succeeds};

pub fn cases() -> Vec<Case> {
    // As root of its lab, it may mount.
    let mut cases = testkit::root_cases![a_hostbox_made_anew_leaves_the_old_one_to_its_container];
    cases.extend(cases![
        hostbox_runs_without_a_network_and_is_listed,
        what_was_saved_and_removed_is_loaded_with_the_same_id,
        an_image_says_what_runs_and_the_command_line_says_it_louder,
        a_name_of_a_layer_never_becomes_a_path,
        a_layer_that_is_not_what_the_configuration_says_is_refused,
        an_image_is_inspected_and_committed_as_one,
        every_port_that_an_image_names_is_published,
        what_nobody_needs_is_pruned,
        completions_and_the_manual_page_name_every_verb,
        an_image_in_use_is_not_removed_and_without_its_container_it_is,
        two_manifests_of_one_configuration_are_one_image,
        an_imported_image_leaves_nothing_when_it_is_removed,
        an_index_in_the_index_of_an_archive_is_followed,
        a_layer_is_described_as_it_is_compressed,
        an_image_is_in_use_by_its_id_and_not_by_its_layers,
        a_container_runs_as_the_user_of_its_image,
        a_container_gets_the_volumes_labels_and_stop_signal_of_its_image,
    ]);
    cases
}

fn load(path: &Path) -> Result<std::process::Output> {
    Ok(program(&["load"]).stdin(File::open(path)?).output()?)
}

fn hostbox_runs_without_a_network_and_is_listed() -> Result<()> {
    ensure!(succeeds(&["run", "--rm", "hostbox", "echo", "hello"])? == "hello");
    ensure!(succeeds(&["images"])?.contains("hostbox"));
    let json: serde_json::Value = serde_json::from_str(&succeeds(&["images", "--format", "json"])?)?;
    ensure!(json[0]["names"][0] == "hostbox:latest", "{json}");
    Ok(())
}

fn what_was_saved_and_removed_is_loaded_with_the_same_id() -> Result<()> {
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    succeeds(&["tag", "hostbox", "kept:1"])?;
    let id = succeeds(&["images", "-q", "kept"])?;
    succeeds(&["save", "-o", "/tmp/kept.tar", "kept:1"])?;
    succeeds(&["rmi", "kept:1"])?;
    fails(&["save", "-o", "/tmp/none.tar", "kept:1"])?;
    ensure!(!Path::new("/tmp/none.tar").exists());
    succeeds(&["load", "-i", "/tmp/kept.tar"])?;
    ensure!(succeeds(&["images", "-q", "kept"])? == id);
    ensure!(succeeds(&["run", "--rm", "kept:1", "echo", "again"])? == "again");
    Ok(())
}

fn an_image_says_what_runs_and_the_command_line_says_it_louder() -> Result<()> {
    let context = crate::world::context(&[(
        "Dockerfile",
        "FROM hostbox\nENV A=image B=image\nWORKDIR /tmp\nENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"echo $A $B $PWD\"]\n",
    )])?;
    succeeds(&["build", "-t", "says", context])?;
    ensure!(succeeds(&["run", "--rm", "says"])? == "image image /tmp");
    ensure!(succeeds(&["run", "--rm", "-e", "B=line", "says"])? == "image line /tmp");
    ensure!(succeeds(&["run", "--rm", "says", "echo other"])? == "other");
    ensure!(succeeds(&["run", "--rm", "--entrypoint", "pwd", "says"])? == "/tmp");
    Ok(())
}

fn a_name_of_a_layer_never_becomes_a_path() -> Result<()> {
    std::fs::write("/tmp/x", "outside")?;
    let layer = tar(&[("f", b"content")])?;
    for named in ["../../x", "/tmp/x", "layer.tar/../../x"] {
        docker_archive(Path::new("/tmp/a.tar"), &layer, &config(&layer), named)?;
        let message = refused(load(Path::new("/tmp/a.tar"))?, &[named])?;
        ensure!(message.contains("is not in it"), "{message}");
    }
    ensure!(!succeeds(&["images"])?.contains("hostile"));
    Ok(())
}

fn a_layer_that_is_not_what_the_configuration_says_is_refused() -> Result<()> {
    let (layer, other) = (tar(&[("f", b"content")])?, tar(&[("f", b"CONTENT")])?);
    docker_archive(Path::new("/tmp/a.tar"), &layer, &config(&other), "layer.tar")?;
    let message = refused(load(Path::new("/tmp/a.tar"))?, &["load"])?;
    ensure!(message.contains("the image is damaged"), "{message}");
    ensure!(!succeeds(&["images"])?.contains("hostile"));
    ensure!(!succeeds(&["layer", "ls"])?.contains("image:"), "a layer is left");
    // And the same archive, repaired, is taken.
    docker_archive(Path::new("/tmp/a.tar"), &layer, &config(&layer), "layer.tar")?;
    said(load(Path::new("/tmp/a.tar"))?, &["load"])?;
    ensure!(succeeds(&["images"])?.contains("hostile"));
    // Where the right layer is unpacked already, the wrong one is not taken for it.
    docker_archive(Path::new("/tmp/a.tar"), &other, &config(&layer), "layer.tar")?;
    let message = refused(load(Path::new("/tmp/a.tar"))?, &["load"])?;
    ensure!(message.contains("the image is damaged"), "{message}");
    ensure!(succeeds(&["system", "check"])?.ends_with(" 0 left over, 0 damaged"));
    Ok(())
}

fn an_image_in_use_is_not_removed_and_without_its_container_it_is() -> Result<()> {
    let layer = tar(&[("f", b"content")])?;
    docker_archive(Path::new("/tmp/a.tar"), &layer, &config(&layer), "layer.tar")?;
    said(load(Path::new("/tmp/a.tar"))?, &["load"])?;
    succeeds(&["create", "--name", "user", "hostile:1", "/f"])?;
    ensure!(fails(&["rmi", "hostile:1"])?.contains("is using it"));
    ensure!(succeeds(&["images"])?.contains("hostile"));
    succeeds(&["rm", "user"])?;
    succeeds(&["rmi", "hostile:1"])?;
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    ensure!(!succeeds(&["layer", "ls"])?.contains("image:"));
    Ok(())
}

fn an_image_is_inspected_and_committed_as_one() -> Result<()> {
    let context = crate::world::context(&[("Dockerfile", "FROM hostbox\nENV A=1\nCMD [\"cat\", \"/made\"]\n")])?;
    succeeds(&["build", "-t", "base:1", context])?;
    ensure!(succeeds(&["inspect", "--format", "{{.Config.Env}}", "base:1"])?.contains("A=1"));
    succeeds(&["run", "--name", "made", "base:1", "sh", "-c", "echo committed > /made"])?;
    let id = succeeds(&["commit", "made", "new:2"])?;
    ensure!(id.starts_with("sha256:"), "{id}");
    ensure!(succeeds(&["run", "--rm", "new:2", "cat", "/made"])? == "committed");
    let both: serde_json::Value = serde_json::from_str(&succeeds(&["inspect", "made", "new:2"])?)?;
    ensure!(both[0]["Name"] == "/made" && both[1]["Id"] == id.as_str(), "{both}");
    ensure!(fails(&["inspect", "neither"])?.contains("neither"));
    Ok(())
}

fn every_port_that_an_image_names_is_published() -> Result<()> {
    let context = crate::world::context(&[("Dockerfile", "FROM hostbox\nEXPOSE 80 8443\nCMD [\"sleep\", \"100\"]\n")])?;
    succeeds(&["build", "-t", "exposes:1", context])?;
    succeeds(&["run", "-d", "--name", "open", "-P", "exposes:1"])?;
    let ports = succeeds(&["port", "open"])?;
    ensure!(ports.lines().count() == 2 && ports.contains("80/tcp -> ") && ports.contains("8443/tcp -> "), "{ports}");
    succeeds(&["run", "-d", "--name", "closed", "exposes:1"])?;
    ensure!(succeeds(&["port", "closed"])?.is_empty());
    succeeds(&["rm", "-f", "open", "closed"])?;
    Ok(())
}

fn what_nobody_needs_is_pruned() -> Result<()> {
    let build = |text: &str| -> Result<()> {
        let context = crate::world::context(&[("Dockerfile", &format!("FROM hostbox\nRUN {text}\n"))])?;
        succeeds(&["build", "-t", "same:1", context]).map(drop)
    };
    build("echo 1 > /1")?;
    build("echo 2 > /2")?;
    let dangling = |told: String| told.matches("<none>").count();
    ensure!(dangling(succeeds(&["images"])?) == 2, "one image has lost its name: repository and tag");
    ensure!(succeeds(&["image", "prune"])?.contains("Deleted: sha256:"));
    ensure!(dangling(succeeds(&["images"])?) == 0);
    succeeds(&["image", "prune", "--steps"])?;
    ensure!(succeeds(&["run", "--rm", "same:1", "cat", "/2"])? == "2");
    ensure!(succeeds(&["system", "check"])?.ends_with("0 left over, 0 damaged"));
    Ok(())
}

fn completions_and_the_manual_page_name_every_verb() -> Result<()> {
    let help = succeeds(&["--help"])?;
    let verbs: Vec<&str> = help
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|verb| !verb.is_empty())
        .collect();
    ensure!(verbs.contains(&"build") && verbs.contains(&"run"), "{verbs:?}");
    let (bash, man) = (succeeds(&["completion", "bash"])?, succeeds(&["man"])?);
    for verb in verbs.iter().filter(|verb| verb.chars().all(|letter| letter.is_ascii_lowercase())) {
        ensure!(bash.contains(&format!("coracle,{verb})")), "{verb} is not completed");
        ensure!(man.contains(&format!("coracle\\-{verb}(1)")), "{verb} is not in the manual page");
    }
    ensure!(succeeds(&["man", "build"])?.contains("build\\-arg"));
    Ok(())
}

fn two_manifests_of_one_configuration_are_one_image() -> Result<()> {
    let layer = tar(&[("f", b"content")])?;
    docker_archive(Path::new("/tmp/a.tar"), &layer, &config(&layer), "layer.tar")?;
    said(load(Path::new("/tmp/a.tar"))?, &["load"])?;
    // The same configuration and layer under another manifest, as another compression gives one.
    oci_archive(Path::new("/tmp/b.tar"), &layer, &config(&layer), "docker.io/library/second:1")?;
    said(load(Path::new("/tmp/b.tar"))?, &["load"])?;
    let id = succeeds(&["images", "-q"])?;
    ensure!(id.len() == 12, "one image, and not {id}");
    ensure!(succeeds(&["history", &id])?.contains("CREATED BY"), "it is found by its id");
    let shown: serde_json::Value = serde_json::from_str(&succeeds(&["inspect", &id])?)?;
    ensure!(shown[0]["RepoTags"] == serde_json::json!(["hostile:1", "second:1"]), "{shown}");
    ensure!(shown[0]["RepoDigests"].as_array().is_some_and(|digests| digests.len() == 2), "{shown}");
    // The manifest that has lost its name is no image of its own, and pruning it takes nothing along.
    succeeds(&["tag", "second:1", "hostile:1"])?;
    ensure!(!succeeds(&["images"])?.contains("<none>"));
    succeeds(&["image", "prune"])?;
    ensure!(succeeds(&["system", "check"])?.ends_with(" 0 damaged"));
    ensure!(!succeeds(&["rmi", "second:1"])?.contains("Deleted"));
    ensure!(succeeds(&["rmi", "hostile:1"])?.contains("Deleted: sha256:"));
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    ensure!(!succeeds(&["layer", "ls"])?.contains("image:"));
    Ok(())
}

fn an_imported_image_leaves_nothing_when_it_is_removed() -> Result<()> {
    std::fs::write("/tmp/root.tar", tar(&[("f", b"content")])?)?;
    succeeds(&["import", "/tmp/root.tar", "imported:1"])?;
    let layers = succeeds(&["layer", "ls"])?;
    ensure!(layers.matches("image:").count() == 1, "one name keeps the layer: {layers}");
    ensure!(succeeds(&["rmi", "imported:1"])?.matches("Deleted").count() == 2, "the image and its layer");
    let layers = succeeds(&["layer", "ls"])?;
    ensure!(!layers.contains("image:"), "{layers}");
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    Ok(())
}

fn a_hostbox_made_anew_leaves_the_old_one_to_its_container() -> Result<()> {
    // A machine whose programs change: one has a byte more.
    let program = ["/usr/bin/true", "/bin/true"].into_iter().find_map(|path| std::fs::canonicalize(path).ok());
    let program = program.context("no true")?;
    let change = |to: &str| -> Result<()> {
        std::fs::copy(&program, to)?;
        writeln!(File::options().append(true).open(to)?, "{to}")?;
        Ok(mount(Some(to), &program, None::<&str>, MsFlags::MS_BIND, None::<&str>)?)
    };
    succeeds(&["create", "--name", "user", "hostbox", "true"])?;
    let kept = || succeeds(&["layer", "ls"]).map(|layers| layers.matches("image:").count());
    change("/tmp/true-1")?;
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    ensure!(succeeds(&["images"])?.contains("<none>"), "the container's image is gone");
    succeeds(&["start", "user"])?;
    succeeds(&["wait", "user"])?;
    succeeds(&["rm", "user"])?;
    ensure!(succeeds(&["image", "prune"])?.contains("Deleted: sha256:"));
    ensure!(kept()? == 1 && !succeeds(&["images"])?.contains("<none>"), "something of the old one is left");
    // Without a container nothing stays of it.
    change("/tmp/true-2")?;
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    ensure!(kept()? == 1 && !succeeds(&["images"])?.contains("<none>"), "something of the old one is left");
    ensure!(succeeds(&["system", "check"])?.ends_with(" 0 left over, 0 damaged"));
    Ok(())
}

fn an_index_in_the_index_of_an_archive_is_followed() -> Result<()> {
    let (layer, path) = (tar(&[("f", b"content")])?, Path::new("/tmp/a.tar"));
    for deep in [1, 3] {
        nested_archive(path, &layer, &config(&layer), "docker.io/library/nested:1", deep)?;
        ensure!(said(load(path)?, &["load"])? == "Loaded image: nested:1");
        ensure!(succeeds(&["history", "nested:1"])?.contains("CREATED BY"));
        succeeds(&["rmi", "nested:1"])?;
        ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    }
    nested_archive(path, &layer, &config(&layer), "docker.io/library/nested:1", 40)?;
    let message = refused(load(path)?, &["load"])?;
    ensure!(message.contains("nested deeper"), "{message}");
    let mut other = config(&layer);
    other["architecture"] = serde_json::json!("s390x");
    nested_archive(path, &layer, &other, "docker.io/library/nested:1", 1)?;
    let message = refused(load(path)?, &["load"])?;
    ensure!(message.contains("no matching manifest") && message.contains("linux/s390x"), "{message}");
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    Ok(())
}

/// The media types of an image's layers, as its manifest on disk has them.
fn layer_types(image: &str) -> Result<Vec<String>> {
    let digest = succeeds(&["inspect", "--format", "{{.Descriptor.digest}}", image])?;
    let hex = digest.trim_start_matches("sha256:");
    let manifest = std::fs::read(Path::new("/tmp/store/data/images/blobs/sha256").join(hex))?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest)?;
    let layers = manifest["layers"].as_array().context("no layers")?;
    Ok(layers.iter().map(|layer| layer["mediaType"].as_str().unwrap_or_default().to_string()).collect())
}

fn a_layer_is_described_as_it_is_compressed() -> Result<()> {
    let layer = tar(&[("f", b"content")])?;
    for (program, ending) in [("", ""), ("gzip", "+gzip"), ("zstd", "+zstd")] {
        std::fs::write("/tmp/layer.tar", &layer)?;
        let stored = if program.is_empty() {
            layer.clone()
        } else {
            testkit::needs::program(program)?;
            std::process::Command::new(program).args(["-c", "/tmp/layer.tar"]).output()?.stdout
        };
        let expected = [format!("application/vnd.oci.image.layer.v1.tar{ending}")];
        std::fs::write("/tmp/stored", &stored)?;
        succeeds(&["import", "/tmp/stored", "imported:1"])?;
        ensure!(layer_types("imported:1")? == expected, "{:?}", layer_types("imported:1")?);
        docker_archive(Path::new("/tmp/a.tar"), &stored, &config(&layer), "layer.tar")?;
        said(load(Path::new("/tmp/a.tar"))?, &["load"])?;
        ensure!(layer_types("hostile:1")? == expected, "{:?}", layer_types("hostile:1")?);
    }
    ensure!(succeeds(&["system", "check"])?.ends_with(" 0 damaged"));
    Ok(())
}

fn an_image_is_in_use_by_its_id_and_not_by_its_layers() -> Result<()> {
    let layer = tar(&[("f", b"content")])?;
    docker_archive(Path::new("/tmp/a.tar"), &layer, &config(&layer), "layer.tar")?;
    said(load(Path::new("/tmp/a.tar"))?, &["load"])?;
    // Another image of the same layers.
    let context = crate::world::context(&[("Dockerfile", "FROM hostile:1\nLABEL other=1\n")])?;
    succeeds(&["build", "-t", "other:1", context])?;
    succeeds(&["create", "--name", "user", "other:1", "/f"])?;
    ensure!(succeeds(&["rmi", "hostile:1"])?.contains("Deleted"), "nobody uses this one");
    ensure!(fails(&["rmi", "other:1"])?.contains("is using it"));
    // An image of no layers is no image of every container without one.
    let context = crate::world::context(&[("Dockerfile", "FROM scratch\nCMD [\"/f\"]\n")])?;
    succeeds(&["build", "-t", "empty:1", context])?;
    ensure!(succeeds(&["rmi", "empty:1"])?.contains("Deleted"));
    succeeds(&["rm", "user"])?;
    succeeds(&["rmi", "other:1"])?;
    succeeds(&["image", "prune", "--steps"])?;
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    ensure!(!succeeds(&["layer", "ls"])?.contains("image:"));
    Ok(())
}

fn a_container_runs_as_the_user_of_its_image() -> Result<()> {
    // In their lab, an ordinary user has one id.
    testkit::needs::root()?;
    let context = crate::world::context(&[("Dockerfile", "FROM hostbox\nUSER 7:8\nRUN id -u > /tmp/ran\n")])?;
    succeeds(&["build", "-t", "user:1", context])?;
    ensure!(succeeds(&["run", "--rm", "user:1", "sh", "-c", "id -u; id -g; cat /tmp/ran"])? == "7\n8\n7");
    // The command line says it louder.
    ensure!(succeeds(&["run", "--rm", "--user", "9", "user:1", "id", "-u"])? == "9");
    Ok(())
}

fn a_container_gets_the_volumes_labels_and_stop_signal_of_its_image() -> Result<()> {
    let text = "FROM hostbox\nRUN mkdir /data && echo first > /data/f\nVOLUME /data\nLABEL tier=image kept=yes\n\
                STOPSIGNAL SIGUSR1\nCMD [\"sh\", \"-c\", \"trap 'echo told; exit 3' USR1; cat /data/f; \
                while :; do sleep 0.1; done\"]\n";
    let context = crate::world::context(&[("Dockerfile", text)])?;
    succeeds(&["build", "-t", "all:1", context])?;
    succeeds(&["run", "-d", "--name", "user", "--label", "tier=line", "all:1"])?;
    testkit::eventually("it has begun", || Ok(succeeds(&["logs", "user"])? == "first"))?;
    let shown = |format: &str| succeeds(&["inspect", "--format", format, "user"]);
    ensure!(shown("{{.Config.Labels.tier}} {{.Config.Labels.kept}}")? == "line yes");
    // A volume of its own, with what the image has there.
    let whole: serde_json::Value = serde_json::from_str(&succeeds(&["inspect", "user"])?)?;
    let mounts = &whole[0]["Mounts"];
    ensure!(mounts[0]["Destination"] == "/data" && mounts[0]["Type"] == "volume", "{mounts}");
    let volume = mounts[0]["Name"].as_str().context("no name")?.to_string();
    ensure!(succeeds(&["volume", "ls"])?.contains(&volume));
    ensure!(succeeds(&["exec", "user", "grep", "-c", " /data ", "/proc/self/mounts"])? == "1");
    succeeds(&["stop", "-t", "60", "user"])?;
    ensure!(succeeds(&["logs", "user"])?.ends_with("told"), "{}", succeeds(&["logs", "user"])?);
    ensure!(shown("{{.State.ExitCode}}")? == "3", "{}", shown("{{.State.ExitCode}}")?);
    succeeds(&["rm", "-v", "user"])?;
    ensure!(!succeeds(&["volume", "ls"])?.contains(&volume));
    Ok(())
}

//! Archives that come in: everything that a layer keeps, and what is refused.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tar::EntryType;
use testkit::{Case, cases, needs};

use crate::archives::Archive;
use crate::running::{Running, World, format_output, succeeds, with_both};

pub fn cases() -> Vec<Case> {
    cases![
        root_keeps_devices_and_owners,
        fifos_are_kept_and_devices_counted_without_root,
        a_device_0_0_in_an_archive_is_no_whiteout,
        attributes_of_users_are_kept_and_overlayfss_are_not,
        owners_that_a_single_id_has_not_are_counted_and_lose_their_powers,
        an_archive_without_entries_is_an_empty_layer,
        a_cut_archive_leaves_nothing_at_whatever_byte,
        no_name_and_no_link_leads_out_of_the_layer,
        whiteouts_delete_nothing_outside_of_the_layer,
        a_compressed_archive_gives_the_same_layer,
        what_follows_the_end_counts_for_the_digest_and_is_bounded,
        a_thousand_directories_deep_goes_in_and_goes_away,
        quiet_says_nothing_but_the_chain_id,
        a_file_twice_in_an_archive_is_the_last_one,
    ]
}

fn root_keeps_devices_and_owners() -> Result<()> {
    needs::root()?;
    with_both(|world| {
        let archive = Archive::new()
            .device(EntryType::Char, "null", 1, 3)
            .device(EntryType::Block, "sda", 8, 0)
            .entry(EntryType::Fifo, "fifo", "", b"", 0o600)
            .owned_by("hers", 1234, 0o4755);
        let chain = world.layer("base", None, &archive.end())?;
        let content = world.content(&chain)?;
        let stat = |name: &str| fs::symlink_metadata(content.join(name)).context(name.to_string());
        ensure!(stat("null")?.file_type().is_char_device() && stat("null")?.rdev() == 0x103, "{:?}", stat("null")?);
        ensure!(stat("sda")?.file_type().is_block_device() && stat("sda")?.rdev() == 0x800);
        ensure!(stat("fifo")?.file_type().is_fifo() && stat("fifo")?.mode() & 0o7777 == 0o600);
        let hers = stat("hers")?;
        ensure!((hers.uid(), hers.gid(), hers.mode() & 0o7777) == (1234, 1234, 0o4755), "{hers:?}");
        // And out again.
        let again = world.layer("again", None, &world.export("base")?)?;
        let again = fs::symlink_metadata(world.content(&again)?.join("null"))?;
        ensure!(again.file_type().is_char_device() && again.rdev() == 0x103, "{again:?}");
        Ok(())
    })
}

fn fifos_are_kept_and_devices_counted_without_root() -> Result<()> {
    needs::ordinary_user()?;
    with_both(|world| {
        let archive =
            Archive::new().device(EntryType::Char, "null", 1, 3).entry(EntryType::Fifo, "fifo", "", b"", 0o600);
        let output = world.import("base", None, &archive.end())?;
        ensure!(
            output.status.success() && format_output(&output).contains("skipped 1 device node"),
            "{}",
            format_output(&output)
        );
        let content = world.content(String::from_utf8(output.stdout)?.trim())?;
        ensure!(fs::symlink_metadata(content.join("fifo"))?.file_type().is_fifo());
        ensure!(!content.join("null").exists());
        Ok(())
    })
}

fn a_device_0_0_in_an_archive_is_no_whiteout() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new().file("kept", "kept"))?;
        world.layer("child", Some("base"), &Archive::new().device(EntryType::Char, "kept", 0, 0).end())?;
        let running = Running::start(world, &[], "child", "true")?;
        ensure!(fs::read_to_string(running.root().join("kept"))? == "kept");
        Ok(())
    })
}

fn attributes_of_users_are_kept_and_overlayfss_are_not() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new().directory("d/").file("d/below", "below"))?;
        let archive = Archive::new()
            .attribute("user.overlay.opaque", "y")
            .directory("d/")
            .attribute("user.overlay.redirect", "/etc")
            .directory("e/")
            .attribute("trusted.overlay.opaque", "y")
            .directory("d/")
            .attribute("user.color", "blue")
            .file("f", "f");
        let chain = world.layer("child", Some("base"), &archive.end())?;
        let running = Running::start(world, &[], "child", "true")?;
        ensure!(running.root().join("d/below").exists(), "an archive's attribute made its directory opaque");
        let exported = world.export("child")?;
        let has = |text: &[u8]| exported.windows(text.len()).any(|window| window == text);
        if has(b"user.color=blue") {
            ensure!(!has(b"overlay"), "overlayfs's attributes go out");
        } else {
            let content = world.content(&chain)?;
            let keeps = testkit_attribute(&content.join("f"));
            ensure!(!keeps, "the attribute is on disk, and not in the archive that goes out");
        }
        needs::that(testkit_attribute(&world.content(&chain)?.join("f")), "a file system with attributes of users' own")
    })
}

/// Whether `user.color` is there, by python or by what the file system says: there is no safe call
/// for it in std.
fn testkit_attribute(path: &Path) -> bool {
    let script = "import os,sys\ntry:\n print(os.getxattr(sys.argv[1],'user.color').decode())\nexcept OSError: pass";
    let output = std::process::Command::new("python3").args(["-c", script]).arg(path).output();
    output.is_ok_and(|output| output.stdout.starts_with(b"blue"))
}

fn owners_that_a_single_id_has_not_are_counted_and_lose_their_powers() -> Result<()> {
    needs::ordinary_user()?;
    with_both(|world| {
        let archive = Archive::new().owned_by("mine", 0, 0o4755).owned_by("hers", 1234, 0o4755).end();
        let output = world.import("base", None, &archive)?;
        let said = format_output(&output);
        ensure!(
            output.status.success() && said.contains("1 entry belongs to ids") && said.contains("cure: "),
            "{said}"
        );
        let content = world.content(String::from_utf8(output.stdout)?.trim())?;
        let mode = |name: &str| fs::metadata(content.join(name)).map(|meta| meta.mode() & 0o7777);
        ensure!((mode("mine")?, mode("hers")?) == (0o4755, 0o755), "{:o} {:o}", mode("mine")?, mode("hers")?);
        Ok(())
    })
}

fn an_archive_without_entries_is_an_empty_layer() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new().file("f", "f"))?;
        // The layer of images' history that changes nothing: 1024 zeros.
        let chain = world.layer("empty", None, &[0; 1024])?;
        ensure!(chain == "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef", "{chain}");
        world.layer("child", Some("base"), &[0; 1024])?;
        let running = Running::start(world, &[], "child", "true")?;
        ensure!(running.root().join("f").exists());
        let error = world.import("none", None, &[])?;
        ensure!(
            !error.status.success() && format_output(&error).contains("ends too early"),
            "{}",
            format_output(&error)
        );
        Ok(())
    })
}

fn a_cut_archive_leaves_nothing_at_whatever_byte() -> Result<()> {
    with_both(|world| {
        world.layer("base", None, &Archive::new().directory("a/").file("a/f", "f").end())?;
        let before = world.on_disk()?;
        let archive = Archive::new().directory("a/").file("a/.wh.f", "").file("b", &"b".repeat(2000)).end();
        for cut in [1, 511, 512, 513, 1024, 1600, 2048, 3000, 3584, archive.len() - 1025] {
            let output = world.import("child", Some("base"), &archive[..cut])?;
            ensure!(output.status.code() == Some(125), "cut at {cut}: {}", format_output(&output));
            ensure!(format_output(&output).contains("cure: "), "cut at {cut}: {}", format_output(&output));
        }
        for at in [0, 100, 130, 148, 600, 1100] {
            let mut damaged = archive.clone();
            damaged[at] ^= 0xff;
            let output = world.import("child", Some("base"), &damaged)?;
            ensure!(output.status.code() == Some(125), "damaged at {at}: {}", format_output(&output));
        }
        ensure!(world.on_disk()? == before, "{:?}\n{:?}", before, world.on_disk()?);
        Ok(())
    })
}

fn no_name_and_no_link_leads_out_of_the_layer() -> Result<()> {
    fs::create_dir("/tmp/outside")?;
    fs::write("/tmp/outside/secret", "secret")?;
    with_both(|world| {
        world.layer(
            "below",
            None,
            &Archive::new().link("low", "/tmp/outside").link("up", "../../../../../../tmp").end(),
        )?;
        let hostile = [
            Archive::new().file("../../../../../../../tmp/outside/new", "owned"),
            Archive::new().file("/tmp/outside/new", "owned"),
            Archive::new().link("way", "/tmp/outside").file("way/new", "owned"),
            Archive::new().link("way", "/tmp/outside").file("way/.wh.secret", ""),
            Archive::new().link("way", "/tmp/outside").file("way/.wh..wh..opq", ""),
            Archive::new().link("way", "/tmp/outside/secret").file("way", "owned"),
            Archive::new().link("way", "/tmp/outside").hard_link("stolen", "way/secret"),
            Archive::new().hard_link("stolen", "/tmp/outside/secret"),
            Archive::new().file("low/new", "owned").file("low/.wh.secret", ""),
            Archive::new().file("up/outside/new", "owned").file("up/outside/.wh.secret", ""),
            Archive::new().link("a", "b").link("b", "a").file("a/new", "owned"),
        ];
        for (index, archive) in hostile.into_iter().enumerate() {
            let output = world.import(&format!("child{index}"), Some("below"), &archive.end())?;
            let found = crate::running::names(Path::new("/tmp/outside"))?;
            ensure!(found == ["secret"], "number {index} made {found:?}: {}", format_output(&output));
            ensure!(fs::read_to_string("/tmp/outside/secret")? == "secret", "number {index}");
        }
        Ok(())
    })
}

fn whiteouts_delete_nothing_outside_of_the_layer() -> Result<()> {
    with_both(|world| {
        world.layer("below", None, &Archive::new().directory("d/").file("d/f", "f").end())?;
        let before = world.on_disk()?;
        for name in [".wh.", ".wh..", ".wh...", "d/.wh..", "d/.wh...", "d/.wh./..", ".wh.d/f"] {
            let output = world.import("child", Some("below"), &Archive::new().file(name, "").end())?;
            // Refused, or a name like any other; never a deletion of something above.
            let intact = world.export("below")?.len() > 1024 && world.data().join("lock").exists();
            ensure!(intact, "{name}: {}", format_output(&output));
            if output.status.success() {
                succeeds(&mut world.verb(&["layer", "rm"], &["child"]))?;
            }
        }
        ensure!(world.on_disk()? == before, "{:?}\n{:?}", before, world.on_disk()?);
        Ok(())
    })
}

fn a_compressed_archive_gives_the_same_layer() -> Result<()> {
    needs::program("gzip")?;
    needs::program("zstd")?;
    with_both(|world| {
        let archive = Archive::new().directory("d/").file("d/f", &"text ".repeat(20_000)).end();
        let plain = world.layer("plain", None, &archive)?;
        for program in ["gzip", "zstd"] {
            fs::write("/tmp/plain.tar", &archive)?;
            let packed = std::process::Command::new(program).args(["-c", "/tmp/plain.tar"]).output()?.stdout;
            ensure!(packed.len() < archive.len() / 2);
            ensure!(world.layer("packed", None, &packed)? == plain, "{program}");
            let cut = world.import("cut", None, &packed[..packed.len() / 2])?;
            ensure!(cut.status.code() == Some(125), "{program}: {}", format_output(&cut));
            // In two parts, each compressed by itself: both formats allow that.
            let parts = [&archive[..1000], &archive[1000..]].map(|part| -> Result<Vec<u8>> {
                fs::write("/tmp/part", part)?;
                Ok(std::process::Command::new(program).args(["-c", "/tmp/part"]).output()?.stdout)
            });
            let parts = parts.into_iter().collect::<Result<Vec<_>>>()?.concat();
            ensure!(world.layer("parts", None, &parts)? == plain, "{program}");
        }
        Ok(())
    })
}

fn what_follows_the_end_counts_for_the_digest_and_is_bounded() -> Result<()> {
    let world = World::new("vfs");
    let archive = Archive::new().file("f", "f").end();
    let plain = world.layer("plain", None, &archive)?;
    let padded = [&archive[..], &[0; 10240]].concat();
    ensure!(world.layer("padded", None, &padded)? != plain);
    ensure!(world.layer("padded", None, &padded)? == format!("{}", ch04_unionfs::digest::Digest::compute(&padded)));
    let endless = [&archive[..], &vec![0; 3 << 20]].concat();
    let output = world.import("endless", None, &endless)?;
    ensure!(
        output.status.code() == Some(125) && format_output(&output).contains("follow the end"),
        "{}",
        format_output(&output)
    );
    Ok(())
}

fn a_thousand_directories_deep_goes_in_and_goes_away() -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    needs::open_files(8000)?;
    setrlimit(Resource::RLIMIT_NOFILE, 256, most)?;
    with_both(|world| {
        // Deeper than descriptors may be open at once, and as deep as a name can be.
        let mut archive = Archive::new();
        let name = "d/".repeat(1900);
        archive = archive.long(&name);
        world.layer("deep", None, &archive.end())?;
        ensure!(!world.export("deep")?.is_empty());
        world.layer("child", Some("deep"), &Archive::new().file("d/.wh.d", "").end())?;
        succeeds(&mut world.verb(&["layer", "rm"], &["child", "deep"]))?;
        ensure!(world.on_disk()?.is_empty(), "{:?}", world.on_disk()?);
        Ok(())
    })
}

fn quiet_says_nothing_but_the_chain_id() -> Result<()> {
    let world = World::new("vfs");
    fs::write("/tmp/a.tar", Archive::new().file("f", "f").end())?;
    let output = world.verb(&["layer", "import", "--quiet"], &["a"]).stdin(fs::File::open("/tmp/a.tar")?).output()?;
    ensure!(output.status.success() && output.stderr.is_empty(), "{}", format_output(&output));
    ensure!(output.stdout.starts_with(b"sha256:") && output.stdout.len() == 72, "{}", format_output(&output));
    let output = world.verb(&["layer", "import"], &["a"]).stdin(fs::File::open("/tmp/a.tar")?).output()?;
    ensure!(format_output(&output).contains("a: 1 entry, 1B"), "{}", format_output(&output));
    Ok(())
}

fn a_file_twice_in_an_archive_is_the_last_one() -> Result<()> {
    with_both(|world| {
        let archive = Archive::new().file("f", "first").file("g", "g").hard_link("h", "f").file("f", "last");
        let chain = world.layer("twice", None, &archive.hard_link("g", "g").end())?;
        let content = world.content(&chain)?;
        let text = |name: &str| fs::read_to_string(content.join(name));
        ensure!((text("f")?, text("g")?, text("h")?) == ("last".into(), "g".into(), "first".into()));
        Ok(())
    })
}

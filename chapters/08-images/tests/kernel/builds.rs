//! Dockerfiles, good and bad.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::archives::{config, docker_archive, tar};
use crate::world::{context, fails, program, said, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_build_runs_copies_and_remembers,
        a_step_is_done_again_when_what_it_copies_changes_and_only_then,
        stages_hand_files_on_and_leave_the_rest,
        what_leads_out_of_the_context_is_refused,
        a_failed_step_has_the_commands_status_and_leaves_no_container,
        what_is_not_supported_is_told_with_file_and_line,
        triggers_of_a_base_image_are_refused_and_not_skipped,
        a_context_may_come_from_stdin,
        an_archive_is_unpacked_by_add_and_stays_whole_with_copy,
        stages_that_name_themselves_or_each_other_are_refused,
        many_files_are_copied_once_and_then_taken_from_the_cache,
        each_option_does_what_it_says,
        an_owner_is_a_number_or_a_name_that_the_image_knows,
        a_hundred_thousand_files_are_a_context_like_another,
    ]
}

fn a_build_runs_copies_and_remembers() -> Result<()> {
    let text = "FROM hostbox\nARG WORD=default\nENV A=\"x y\"\nWORKDIR /app\nCOPY page /app/\nRUN echo $A $WORD > out && \\\n  # note\n  cat page >> out\nCMD [\"cat\", \"out\"]\n";
    let context = context(&[("Dockerfile", text), ("page", "content\n")])?;
    let first = succeeds(&["build", "-t", "built:1", context])?;
    ensure!(first.contains("Step 7/7 : CMD") && first.contains("Successfully tagged built:1"), "{first}");
    ensure!(!first.contains("Using cache"), "{first}");
    ensure!(succeeds(&["run", "--rm", "built:1"])? == "x y default\ncontent");
    let second = succeeds(&["build", "-t", "built:1", context])?;
    ensure!(second.matches("Using cache").count() == 6, "{second}");
    let other = succeeds(&["build", "-t", "built:2", "--build-arg", "WORD=given", context])?;
    ensure!(other.matches("Using cache").count() < 6, "{other}");
    ensure!(succeeds(&["run", "--rm", "built:2"])? == "x y given\ncontent");
    ensure!(succeeds(&["ps", "-aq"])?.is_empty());
    Ok(())
}

fn a_step_is_done_again_when_what_it_copies_changes_and_only_then() -> Result<()> {
    let context = context(&[("Dockerfile", "FROM hostbox\nCOPY . /c/\n"), ("page", "1")])?;
    let build = || succeeds(&["build", context]);
    build()?;
    ensure!(build()?.contains("Using cache"));
    // The same file, written again: another time, which doesn't count.
    fs::write("/tmp/context/page", "1")?;
    ensure!(build()?.contains("Using cache"));
    fs::write("/tmp/context/page", "2")?;
    ensure!(!build()?.contains("Using cache"));
    Ok(())
}

fn context_of(text: &str) -> Result<&'static str> {
    context(&[("Dockerfile", text)])
}

fn stages_hand_files_on_and_leave_the_rest() -> Result<()> {
    let text = "FROM hostbox AS made\nRUN echo kept > /kept && echo left > /left\nFROM hostbox\nCOPY --from=made /kept /kept\n";
    let context = context(&[("Dockerfile", text)])?;
    succeeds(&["build", "-t", "stages", context])?;
    ensure!(succeeds(&["run", "--rm", "stages", "cat", "/kept"])? == "kept");
    ensure!(succeeds(&["run", "--rm", "stages", "sh", "-c", "test -e /left || echo none"])? == "none");
    // Links of the other stage lead where they lead in there, and never out.
    fs::write("/tmp/secret", "the machine's")?;
    let text = "FROM hostbox AS made\nRUN mkdir /real && echo kept > /real/f && ln -s /real /link && ln -s /tmp/secret /out && \\\n\
                ln -s /tmp/none /nowhere\nFROM hostbox\nCOPY --from=made /link/f /kept\n";
    context_of(text)?;
    succeeds(&["build", "-t", "links", context])?;
    ensure!(succeeds(&["run", "--rm", "links", "cat", "/kept"])? == "kept");
    for link in ["/out", "/nowhere"] {
        context_of(&format!("{text}COPY --from=made {link} /x\n"))?;
        let message = fails(&["build", context])?;
        ensure!(message.contains("file not found in build context"), "{message}");
    }
    context_of("FROM hostbox AS made\nRUN echo kept > /kept\nFROM hostbox\nCOPY --from=made /kept /kept\n")?;
    // A target stops before what follows it.
    let stopped = succeeds(&["build", "--target", "made", context])?;
    ensure!(!stopped.contains("COPY"), "{stopped}");
    Ok(())
}

fn what_leads_out_of_the_context_is_refused() -> Result<()> {
    fs::write("/tmp/secret", "secret")?;
    let directory = context(&[])?;
    std::os::unix::fs::symlink("/tmp/secret", "/tmp/context/link")?;
    for source in ["../secret", "link", "x/../../secret"] {
        context(&[("Dockerfile", &format!("FROM scratch\nCOPY {source} /s\n"))])?;
        let message = fails(&["build", "-t", "out", directory])?;
        ensure!(message.contains("outside the build context") && message.contains("Dockerfile:2"), "{message}");
    }
    ensure!(!succeeds(&["images"])?.contains("out"));
    Ok(())
}

fn a_failed_step_has_the_commands_status_and_leaves_no_container() -> Result<()> {
    let directory = context(&[("Dockerfile", "FROM hostbox\nRUN echo said; exit 7\n")])?;
    let output = program(&["build", "-t", "failed", directory]).output()?;
    ensure!(output.status.code() == Some(7), "{:?}", output.status);
    ensure!(String::from_utf8_lossy(&output.stdout).contains("said"));
    let message = String::from_utf8_lossy(&output.stderr);
    ensure!(message.contains("returned a non-zero code: 7") && message.contains("Dockerfile:2"), "{message}");
    ensure!(succeeds(&["ps", "-aq"])?.is_empty());
    ensure!(!succeeds(&["images"])?.contains("failed"));
    Ok(())
}

fn triggers_of_a_base_image_are_refused_and_not_skipped() -> Result<()> {
    let layer = tar(&[("f", b"content")])?;
    let mut config = config(&layer);
    config["config"]["OnBuild"] = serde_json::json!(["COPY . /app"]);
    docker_archive(Path::new("/tmp/a.tar"), &layer, &config, "layer.tar")?;
    succeeds(&["load", "-i", "/tmp/a.tar"])?;
    let directory = context(&[("Dockerfile", "FROM hostile:1\nCMD [\"/f\"]\n")])?;
    let message = fails(&["build", directory])?;
    for part in ["ONBUILD", "hostile:1", "COPY . /app", "is not supported", "cure: ", "Dockerfile:1"] {
        ensure!(message.contains(part), "{part}: {message}");
    }
    // An empty list is none.
    config["config"]["OnBuild"] = serde_json::json!([]);
    docker_archive(Path::new("/tmp/a.tar"), &layer, &config, "layer.tar")?;
    succeeds(&["load", "-i", "/tmp/a.tar"])?;
    succeeds(&["build", directory])?;
    Ok(())
}

fn what_is_not_supported_is_told_with_file_and_line() -> Result<()> {
    for (text, expected) in [
        ("FROM hostbox\nHEALTHCHECK CMD true\n", "HEALTHCHECK is not supported"),
        ("FROM hostbox\nRUN <<END\ntrue\nEND\n", "heredocs are not supported"),
        ("FROM hostbox\nCOPY <<END /x\ntext\nEND\n", "a heredoc is not supported"),
        ("FROM hostbox\nADD http://localhost/x /x\n", "ADD of a URL is not supported"),
        ("FROM hostbox\nRUN --mount=type=cache,target=/x true\n", "RUN --mount is not supported"),
        ("FROM hostbox\nONBUILD RUN true\n", "ONBUILD is not supported"),
        ("FROM hostbox\nEXPOSE many\n", "invalid containerPort"),
        ("FROM hostbox\nCOPY none /x\n", "file not found in build context"),
    ] {
        let directory = context(&[("Dockerfile", text)])?;
        let message = fails(&["build", directory])?;
        ensure!(message.contains(expected) && message.contains("Dockerfile:2"), "{text}: {message}");
    }
    // File, line, column and the line itself; on a line that goes on, where the word stands.
    for (text, expected) in [
        ("FROM hostbox\nCOPY none /x\n", "Dockerfile:2:6: COPY none /x"),
        ("FROM hostbox\n  EXPOSE 80 many\n", "Dockerfile:2:13:   EXPOSE 80 many"),
        ("FROM hostbox\nCOPY Dockerfile \\\n  none /x/\n", "Dockerfile:3:3:   none /x/"),
        ("FROM hostbox\nCOPY --chmod=rwx Dockerfile /x\n", "Dockerfile:2:8: COPY --chmod=rwx"),
        ("FROM hostbox\nCOPY --chown=nobody-here Dockerfile /x\n", "Dockerfile:2:8: COPY --chown"),
        ("FROM hostbox\nCOPY --from=none:1 /x /x\n", "Dockerfile:2:8: COPY --from"),
        ("FROM  ${NONE}\n", "Dockerfile:1:7: FROM  ${NONE}"),
        ("FROM hostbox\nENV A=${B%x}\n", "Dockerfile:2:5: ENV A=${B%x}"),
        ("FROM hostbox\nRUN --mount=type=cache,target=/x true\n", "Dockerfile:2:7: RUN --mount"),
        ("FROM hostbox\nRUN exit 7\n", "Dockerfile:2:1: RUN exit 7"),
        ("FROM hostbox\nNONE of this\n", "Dockerfile:2:1: NONE of this"),
    ] {
        let message = fails(&["build", context(&[("Dockerfile", text)])?])?;
        ensure!(message.contains(expected), "{expected}: {message}");
    }
    for (text, expected) in [
        ("FROM hostbox\nNONE of this\n", "parse error"),
        ("RUN true\n", "FROM"),
        ("", "FROM"),
        ("FROM hostbox\nRUN a\0b\n", "NUL"),
    ] {
        let directory = context(&[("Dockerfile", text)])?;
        let message = fails(&["build", directory])?;
        ensure!(message.contains(expected), "{text}: {message}");
    }
    // What editors leave is no error.
    let directory = context(&[("Dockerfile", "\u{feff}FROM hostbox\r\nENV A=1\r\nRUN test \"$A\" = 1")])?;
    succeeds(&["build", directory])?;
    Ok(())
}

fn a_context_may_come_from_stdin() -> Result<()> {
    let bytes = crate::archives::tar(&[("Dockerfile", b"FROM hostbox\nCOPY page /page\n"), ("page", b"from stdin")])?;
    fs::write("/tmp/context.tar", bytes)?;
    let args = ["build", "-t", "piped", "-"];
    said(program(&args).stdin(fs::File::open("/tmp/context.tar")?).output()?, &args)?;
    ensure!(succeeds(&["run", "--rm", "piped", "cat", "/page"])? == "from stdin");
    // Compressed, too.
    testkit::needs::program("gzip")?;
    let zipped = std::process::Command::new("gzip").args(["-kf", "/tmp/context.tar"]).status()?;
    ensure!(zipped.success());
    said(program(&args).stdin(fs::File::open("/tmp/context.tar.gz")?).output()?, &args)?;
    Ok(())
}

fn an_archive_is_unpacked_by_add_and_stays_whole_with_copy() -> Result<()> {
    let directory = context(&[("Dockerfile", "FROM hostbox\nADD a.tar /added/\nCOPY a.tar /copied/\n")])?;
    fs::write("/tmp/context/a.tar", crate::archives::tar(&[("inside", b"unpacked")])?)?;
    succeeds(&["build", "-t", "added", directory])?;
    ensure!(succeeds(&["run", "--rm", "added", "cat", "/added/inside"])? == "unpacked");
    ensure!(succeeds(&["run", "--rm", "added", "ls", "/copied"])? == "a.tar");
    Ok(())
}

fn stages_that_name_themselves_or_each_other_are_refused() -> Result<()> {
    for text in [
        "FROM hostbox AS a\nCOPY --from=a /x /x\n",
        "FROM hostbox AS a\nCOPY --from=b /x /x\nFROM hostbox AS b\nCOPY --from=a /x /x\n",
        "FROM b AS a\nRUN true\nFROM a AS b\nRUN true\n",
        "FROM hostbox\nCOPY --from=1 /x /x\n",
    ] {
        let message = fails(&["build", "-t", "circle:1", context_of(text)?])?;
        ensure!(message.contains("Dockerfile:"), "{text}: {message}");
        ensure!(!succeeds(&["images"])?.contains("circle"));
    }
    Ok(())
}

fn many_files_are_copied_once_and_then_taken_from_the_cache() -> Result<()> {
    let directory = context_of("FROM scratch\nCOPY many /many/\n")?;
    for part in 0..100 {
        fs::create_dir_all(format!("/tmp/context/many/{part}"))?;
        for file in 0..100 {
            fs::write(format!("/tmp/context/many/{part}/{file}"), format!("{part} {file}"))?;
        }
    }
    succeeds(&["build", "-t", "many:1", directory])?;
    ensure!(succeeds(&["build", "-t", "many:1", directory])?.contains("Using cache"));
    context_of("FROM hostbox\nCOPY --from=many:1 /many /many/\n")?;
    succeeds(&["build", "-t", "counted:1", directory])?;
    ensure!(succeeds(&["run", "--rm", "counted:1", "sh", "-c", "find /many -type f | wc -l"])? == "10000");
    ensure!(succeeds(&["run", "--rm", "counted:1", "cat", "/many/42/7"])? == "42 7");
    Ok(())
}

fn each_option_does_what_it_says() -> Result<()> {
    let directory = context(&[("Dockerfile", "FROM none:1\n"), ("page", "content")])?;
    fs::create_dir_all("/tmp/context/sub")?;
    fs::write("/tmp/context/sub/other", "FROM hostbox\nLABEL a=file\nCOPY page /page\nRUN echo > /ran\n")?;
    let file = format!("{directory}/sub/other");
    let args = ["build", "-f", &file, "--label", "a=line", "--label", "b=2", "-t", "one:1", "-t", "two:2", directory];
    let told = succeeds(&args)?;
    ensure!(told.contains("Successfully tagged one:1\nSuccessfully tagged two:2"), "{told}");
    let labels = succeeds(&["inspect", "--format", "{{.Config.Labels}}", "two:2"])?;
    ensure!(labels == "map[a:line b:2]", "{labels}");
    ensure!(succeeds(&["run", "--rm", "one:1", "cat", "/page"])? == "content");
    // A Dockerfile from elsewhere, and one that isn't there.
    fs::write("/tmp/outside", "FROM hostbox\n")?;
    ensure!(fails(&["build", "-f", "/tmp/outside", directory])?.contains("outside of the context"));
    let message = fails(&["build", "-f", &format!("{directory}/none"), directory])?;
    ensure!(message.contains("none"), "{message}");
    // --no-cache does every step again, and what it makes is found the next time.
    ensure!(succeeds(&args)?.matches("Using cache").count() == 3);
    ensure!(!succeeds(&[&["build", "--no-cache"], &args[1..]].concat())?.contains("Using cache"));
    ensure!(succeeds(&args)?.matches("Using cache").count() == 3);
    // -q: the id on stdout and nothing else; with an error nothing.
    let id = succeeds(&["build", "-q", "-f", &file, "-t", "three:3", directory])?;
    ensure!(id == succeeds(&["inspect", "--format", "{{.Id}}", "three:3"])?, "{id}");
    let failed =
        program(&["build", "-q", context(&[("Dockerfile", "FROM hostbox\nRUN echo said; exit 3\n")])?]).output()?;
    ensure!(failed.stdout.is_empty() && failed.status.code() == Some(3), "{:?}", failed.status);
    Ok(())
}

fn an_owner_is_a_number_or_a_name_that_the_image_knows() -> Result<()> {
    // In their lab, an ordinary user has one id.
    testkit::needs::root()?;
    let text = "FROM hostbox\nRUN printf 'anna:x:41:42::/:/bin/sh\\n' > /etc/passwd && printf 'staff:x:43:\\n' > /etc/group\n\
                COPY --chown=7:8 page /1\nCOPY --chown=7 page /2\nCOPY --chown=anna page /3\nCOPY --chown=anna:staff page /4\n\
                COPY --chown=9:anna page /5\n";
    let whole = context(&[("Dockerfile", text), ("page", "1")])?;
    let message = fails(&["build", whole])?;
    ensure!(message.contains("no group \"anna\"") && message.contains("Dockerfile:7:8"), "{message}");
    let good = text.replace("COPY --chown=9:anna page /5\n", "");
    succeeds(&["build", "-t", "owned:1", context(&[("Dockerfile", &good)])?])?;
    let owners = succeeds(&["run", "--rm", "owned:1", "stat", "-c", "%u:%g", "/1", "/2", "/3", "/4"])?;
    ensure!(owners == "7:8\n7:7\n41:42\n41:43", "{owners}");
    Ok(())
}

/// To copy them all takes longer than a test may; that is what `tools/interop/measure` is for.
fn a_hundred_thousand_files_are_a_context_like_another() -> Result<()> {
    let directory = context_of("FROM hostbox\nCOPY many /many/\n")?;
    fs::write("/tmp/context/.dockerignore", "many/?\nmany/1*\nmany/[2-8]*\nmany/9[0-8]\n")?;
    for part in 0..100 {
        fs::create_dir_all(format!("/tmp/context/many/{part}"))?;
        for file in 0..1000 {
            fs::File::create(format!("/tmp/context/many/{part}/{file}"))?;
        }
    }
    succeeds(&["build", "-t", "few:1", directory])?;
    ensure!(succeeds(&["run", "--rm", "few:1", "sh", "-c", "ls /many; ls /many/99 | wc -l"])? == "99\n1000");
    // Each of them is looked at again, and one that changed is found.
    ensure!(succeeds(&["build", directory])?.contains("Using cache"));
    fs::write("/tmp/context/many/99/999", "x")?;
    ensure!(!succeeds(&["build", directory])?.contains("Using cache"));
    Ok(())
}

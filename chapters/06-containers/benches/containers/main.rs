//! What a container's life costs: in the background, entered, attached, beside many others; and a
//! start with everything that Docker does by default against runc and bwrap.
//!
//! `cargo bench -p ch06-containers`. The log of what is measured lies where the store is: in
//! memory.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use ch06_containers::powers::seccomp::default_names;
use floor::Times;
use nix::unistd::geteuid;
use serde_json::{Value, json};

fn main() -> Result<()> {
    let store = floor::store()?;
    let bench = Bench { store: store.path(), is_quick: floor::rounds() <= 3 };
    println!("user {}, medians in ms", geteuid());
    let measured =
        bench.lives().and_then(|()| bench.streams()).and_then(|()| bench.beside()).and_then(|()| bench.others());
    // Whatever happened, nothing keeps running.
    let left = bench.output_of(&["ps", "-aq"])?;
    for id in left.lines() {
        bench.program(&["rm", "-f", id]).status()?;
    }
    measured
}

struct Bench<'a> {
    store: &'a Path,
    is_quick: bool,
}

impl Bench<'_> {
    fn program(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch06-containers"));
        command.arg("--root").arg(self.store).args(args).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    fn output_of(&self, args: &[&str]) -> Result<String> {
        let output = self.program(args).stdout(Stdio::piped()).output()?;
        ensure!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().into())
    }

    fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        let program = format!("{} --root {}", env!("CARGO_BIN_EXE_ch06-containers"), self.store.display());
        command.args(["-c", script]).env("CORACLE", program).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Rounds of something that takes some 20 ms.
    fn rounds(&self) -> usize {
        if self.is_quick { 2 } else { 50 }
    }

    fn lives(&self) -> Result<()> {
        let cycle = "$CORACLE run -d --network none --name one hostbox true && $CORACLE rm -f one";
        let (mut detached, mut entered) = (Times::default(), Times::default());
        self.output_of(&["run", "-d", "--network", "none", "--name", "stays", "hostbox", "sleep", "10000"])?;
        for _ in 0..self.rounds() {
            detached.add(&mut self.shell(cycle))?;
            entered.add(&mut self.program(&["exec", "stays", "true"]))?;
        }
        println!("run -d and rm -f of true    {:>8.2}", detached.median());
        println!("exec of true                {:>8.2}", entered.median());
        // Beside another one: pages of the program itself are shared.
        self.output_of(&["run", "-d", "--network", "none", "hostbox", "sleep", "10000"])?;
        let pid = self.output_of(&["inspect", "-f", "{{.State.Pid}}", "stays"])?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let shim = status.lines().find_map(|line| line.strip_prefix("PPid:")).context("no parent")?.trim();
        let rollup = fs::read_to_string(format!("/proc/{shim}/smaps_rollup"))?;
        let private = rollup.lines().filter(|line| line.starts_with("Private_"));
        let kilobytes: u64 = private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum();
        println!("private memory of a shim    {kilobytes:>8} kB");
        Ok(())
    }

    fn streams(&self) -> Result<()> {
        let (attached, logged) = if self.is_quick { (4, 2) } else { (400, 200) };
        // In lines of 100 bytes.
        let file = |name: &str, megabytes: usize| -> Result<String> {
            let path = self.store.join(name);
            fs::write(&path, format!("{}\n", "x".repeat(99)).repeat(megabytes * 10_000))?;
            Ok(path.display().to_string())
        };
        let (attached_file, logged_file) = (file("attached", attached)?, file("logged", logged)?);
        let seconds = |script: String| -> Result<f64> {
            let begin = Instant::now();
            ensure!(self.shell(&script).status()?.success(), "{script}");
            Ok(begin.elapsed().as_secs_f64())
        };
        let bounded = "--log-opt max-size=10m --log-opt max-file=2";
        let direct = seconds(format!("cat {attached_file} | cat"))?;
        let cat = format!("$CORACLE run --rm -i --network none {bounded} hostbox cat");
        let through = seconds(format!("cat {attached_file} | {cat}"))?;
        println!(
            "{attached} MB in lines of 100 bytes through an attached cat, logged: {through:.2} s (a pipe alone {direct:.2} s)"
        );
        let flags = format!("-d --name talks --network none --volume {logged_file}:/text:ro");
        seconds(format!("$CORACLE run {flags} hostbox cat /text && $CORACLE wait talks"))?;
        let read = seconds("$CORACLE logs talks".into())?;
        println!("logs of {logged} MB: {read:.2} s");
        self.output_of(&["rm", "-f", "talks"]).map(drop)
    }

    /// Alone, beside many, and alone again: what changes on the machine meanwhile shows.
    fn beside(&self) -> Result<()> {
        let many = if self.is_quick { 3 } else { 200 };
        let next = |times: &mut Times| -> Result<()> {
            for _ in 0..self.rounds().min(20) {
                times.add(&mut self.program(&["run", "--rm", "--network", "none", "hostbox", "true"]))?;
            }
            Ok(())
        };
        let [mut before, mut crowded, mut after] = [(); 3].map(|()| Times::default());
        next(&mut before)?;
        for _ in 0..many {
            self.output_of(&["run", "-d", "--network", "none", "--label", "idle", "hostbox", "sleep", "10000"])?;
        }
        next(&mut crowded)?;
        for id in self.output_of(&["ps", "-q", "--filter", "label=idle"])?.lines() {
            self.output_of(&["rm", "-f", id])?;
        }
        next(&mut after)?;
        println!("the next run, alone         {:>8.2}", before.median());
        println!("beside {many:>3} idle containers  {:>8.2}", crowded.median());
        println!("alone again                 {:>8.2}", after.median());
        Ok(())
    }

    // ANCHOR: others
    /// Interleaved, on one root file system that is a plain directory.
    fn others(&self) -> Result<()> {
        let root = self.store.join("plain");
        fs::create_dir(&root)?;
        self.output_of(&["create", "--name", "source", "hostbox", "true"])?;
        let unpack = format!("$CORACLE export source | tar --extract --directory {}", root.display());
        ensure!(self.shell(&unpack).status()?.success(), "{unpack}");
        let rootfs = format!("--rootfs={}", root.display());
        let limits = ["--memory", "256m", "--cpus", "1", "--pids-limit", "100"];
        let limits = if geteuid().is_root() { &limits[..] } else { &[] };
        let ours = [&["run", "--rm", "--network", "none", "--read-only"], limits, &[&rootfs, "/bin/true"]].concat();
        let [mut our_times, mut runc_times, mut bwrap_times] = [(); 3].map(|()| Times::default());
        let bundle = self.store.join("bundle");
        let runc = if geteuid().is_root() { runc_bundle(&bundle, &root)? } else { None };
        let has_bwrap = Command::new("bwrap").arg("--version").stdout(Stdio::null()).status().is_ok();
        for round in 0..self.rounds() {
            our_times.add(&mut self.program(&ours))?;
            if runc.is_some() {
                let mut command = Command::new("runc");
                command.arg("--root").arg(self.store.join("runc")).arg("run").arg("--bundle").arg(&bundle);
                runc_times.add(command.arg(format!("bench-{round}")).stdin(Stdio::null()).stdout(Stdio::null()))?;
            }
            if has_bwrap {
                let mut command = Command::new("bwrap");
                command.args(["--unshare-all", "--ro-bind"]).arg(&root).args([
                    "/",
                    "--proc",
                    "/proc",
                    "--dev",
                    "/dev",
                    "/bin/true",
                ]);
                bwrap_times.add(&mut command)?;
            }
        }
        println!("/bin/true on a plain root, with Docker's defaults, record, log and shim {:>8.2}", our_times.median());
        match runc {
            Some(version) => {
                println!("{version}: {:.2}, ours is {:.2} of it", runc_times.median(), our_times.ratio_to(&runc_times))
            }
            None => println!("runc is not measured: it is not installed, or this isn't root"),
        }
        match has_bwrap {
            true => println!(
                "bwrap --unshare-all: {:.2}, ours is {:.2} of it",
                bwrap_times.median(),
                our_times.ratio_to(&bwrap_times)
            ),
            false => println!("bwrap is not measured: it is not installed"),
        }
        Ok(())
    }
    // ANCHOR_END: others
}

/// runc's own default specification, with three limits and an allow list for system calls.
fn runc_bundle(bundle: &Path, root: &Path) -> Result<Option<String>> {
    let Ok(version) = Command::new("runc").arg("--version").output() else { return Ok(None) };
    fs::create_dir(bundle)?;
    ensure!(Command::new("runc").arg("spec").arg("--bundle").arg(bundle).status()?.success(), "runc spec");
    let file = bundle.join("config.json");
    let mut spec: Value = serde_json::from_slice(&fs::read(&file)?)?;
    spec["process"]["terminal"] = false.into();
    spec["process"]["args"] = json!(["/bin/true"]);
    spec["root"]["path"] = json!(root);
    spec["linux"]["resources"]["memory"] = json!({"limit": 256 << 20});
    spec["linux"]["resources"]["cpu"] = json!({"quota": 100_000, "period": 100_000});
    spec["linux"]["resources"]["pids"] = json!({"limit": 100});
    spec["linux"]["seccomp"] = json!({"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": default_names(), "action": "SCMP_ACT_ALLOW"}]});
    fs::write(&file, serde_json::to_vec(&spec)?)?;
    let first = String::from_utf8_lossy(&version.stdout).lines().next().unwrap_or_default().to_string();
    Ok(Some(first))
}

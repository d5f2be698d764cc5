"""Debian's dockerd and Coracle's daemon side by side, in namespaces of their own: what `measure` and `compare-builds` drive.

Needs root, apt-get, dpkg-deb, a docker client, a static busybox. Both daemons keep everything below one directory, see
everything else read-only, and end with their namespaces. Nothing is installed.
"""

import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
DEBIAN = TARGET / "interop" / "dockerd"
HERE = TARGET / "interop" / "side-by-side"
# The parent of dockerd's cgroups, named after the process that removes it.
CGROUP = os.environ.setdefault("CORACLE_BESIDE_DOCKERD", f"coracle-beside-dockerd-{os.getpid()}")
CLIENT = shutil.which("docker") or TARGET / "interop" / "docker"
PACKAGES = ["containerd", "runc", "tini", "libdevmapper1.02.1"]


# The last that Debian 12 has: its classic builder is the one that Coracle's is held against.
SERIES = "20.10."


def fetch():
    if (DEBIAN / "usr/sbin/dockerd").exists():
        return
    debs = DEBIAN / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    download = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download"]
    subprocess.run([*download, "docker.io"], cwd=debs, check=True)
    if not list(debs.glob(f"docker.io_{SERIES}*")):
        found = ", ".join(deb.name for deb in debs.iterdir())
        shutil.rmtree(DEBIAN)
        sys.exit(f"dockerd {SERIES}x is not in this machine's archive, which has {found}: nothing is compared with it")
    subprocess.run([*download, *PACKAGES], cwd=debs, check=True)
    for deb in debs.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", deb, DEBIAN], check=True)
    shutil.rmtree(debs)


class Daemon:
    """A daemon that answers, and the docker client for it."""

    def __init__(self, name, command, environment):
        self.name, self.socket = name, HERE / f"{name}.sock"
        log = open(HERE / f"{name}.log", "w")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        for _ in range(900):
            if self.try_docker("version").returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"{name} does not answer: see {HERE}/{name}.log")

    def try_docker(self, *args, **more):
        more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        # A build without BuildKit: the classic builder, in one request.
        environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
        return subprocess.run([CLIENT, "-H", f"unix://{self.socket}", *args], env=environment, **more)

    def docker(self, *args, **more):
        done = self.try_docker(*args, **more)
        if done.returncode != 0:
            sys.exit(f"{self.name}: docker {' '.join(args)}: {done.stderr.decode()}")
        return done.stdout

    def time(self, *args, **more):
        begin = time.monotonic()
        self.docker(*args, **more)
        return time.monotonic() - begin

    def end(self):
        self.process.terminate()
        self.process.wait(90)


def both(coracle):
    """The two daemons; called inside the namespaces."""
    # dockerd writes to /etc, containerd to /opt: they get their own. Whatever else they try fails.
    subprocess.run(["cp", "-a", "/etc", HERE / "etc"], check=True)
    for mount in [["--bind", HERE, HERE], ["--bind", HERE / "etc", "/etc"], ["-o", "remount,bind,ro", "/"],
                  *(["-t", "tmpfs", "none", place] for place in ["/run", "/opt", "/tmp"])]:
        subprocess.run(["mount", *mount], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    libraries = f"{DEBIAN}/usr/lib/{os.uname().machine}-linux-gnu:{DEBIAN}/lib/{os.uname().machine}-linux-gnu"
    path = f"{DEBIAN}/usr/bin:{DEBIAN}/usr/sbin:/usr/sbin:/sbin:{os.environ['PATH']}"
    debian = {**os.environ, "PATH": path, "LD_LIBRARY_PATH": libraries}
    dockerd = [DEBIAN / "usr/sbin/dockerd", "-H", f"unix://{HERE}/dockerd.sock", "--data-root", HERE / "dockerd"]
    dockerd += ["--exec-root", "/run/dockerd", "--pidfile", "/run/dockerd.pid", "--cgroup-parent", f"/{CGROUP}"]
    ours = [coracle, "--root", HERE / "coracle", "daemon", "-H", f"unix://{HERE}/coracle.sock"]
    return [Daemon("coracle", ours, os.environ), Daemon("dockerd", dockerd, debian)]


def image(*programs):
    """A root file system with one program and its names."""
    path = HERE / "image.tar"
    files = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1001::/home/user:/bin/sh\n",
        "etc/group": "root:x:0:\ngroup:x:1001:\n",
    }
    with tarfile.open(path, "w") as archive:
        archive.add(subprocess.check_output(["which", "busybox"], text=True).strip(), "bin/busybox")
        for name in programs:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname, link.mode = tarfile.SYMTYPE, "busybox", 0o777
            archive.addfile(link)
        for name, text in files.items():
            file = tarfile.TarInfo(name)
            file.size, file.mode = len(text), 0o644
            archive.addfile(file, io.BytesIO(text.encode()))
        directory = tarfile.TarInfo("tmp")
        directory.type, directory.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(directory)
    return path


def remove_cgroups():
    """Removes the cgroups of daemons that are gone: ours, and those of a run that was killed."""
    name, own = CGROUP.rsplit("-", 1)
    # os.walk passes over what others remove meanwhile; pathlib's glob does not.
    found = [os.path.join(top, sub) for top, subs, _ in os.walk("/sys/fs/cgroup") for sub in subs
             if sub.startswith(f"{name}-")]
    for directory in found:
        pid = directory.rsplit("-", 1)[1]
        if pid != own and os.path.exists(f"/proc/{pid}"):
            continue
        for sub, _, _ in os.walk(directory, topdown=False):
            try:
                os.rmdir(sub)
            except OSError as error:
                print(f"{sub}: {error}", file=sys.stderr)


def in_namespaces(script, *args):
    """Runs a script again, with `--inside` and the arguments, in a machine of its own; gives its exit status."""
    fetch()
    subprocess.run(["rm", "-rf", HERE], check=True)
    HERE.mkdir(parents=True)
    # Whoever kills this program ends what it began.
    namespaces = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
                  "--mount-proc"]
    done = subprocess.run([*namespaces, sys.executable, script, "--inside", *args])
    remove_cgroups()
    if done.returncode == 0:
        subprocess.run(["rm", "-rf", HERE])
    return done.returncode


if __name__ == "__main__":
    fetch()

"""Docker's SDK for Python against the daemon: `drive.py CASE`. An assertion that fails says what was found."""

import sys

import docker
from docker.types import LogConfig, Ulimit

client = docker.from_env()


def life():
    version = client.version()
    assert version["ApiVersion"] and client.ping() and client.info()["ID"], version
    container = client.containers.run(
        "busybox", ["sh", "-c", "trap 'exit 4' TERM; echo up; while :; do sleep 0.1; done"], name="sdk", detach=True,
        environment={"A": "b"}, labels={"who": "sdk"}, ports={"80/tcp": 8090},
        ulimits=[Ulimit(name="nofile", soft=100, hard=200)], log_config=LogConfig(type="json-file"))
    for line in container.logs(stream=True, follow=True):
        assert line == b"up\n", line
        break
    container.reload()
    assert container.status == "running", container.status
    assert container.attrs["HostConfig"]["LogConfig"]["Type"] == "json-file", container.attrs["HostConfig"]
    assert container.ports["80/tcp"][0]["HostPort"] == "8090", container.ports
    assert client.containers.list(filters={"label": "who=sdk"}) == [container]
    assert container.exec_run(["sh", "-c", "ulimit -n; echo $A"]).output == b"100\nb\n"
    failed = container.exec_run(["sh", "-c", "exit 3"])
    assert failed.exit_code == 3, failed
    out, err = container.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True).output
    assert (out, err) == (b"out\n", b"err\n"), (out, err)
    assert container.top()["Titles"][0] == "UID", container.top()
    stats = container.stats(stream=False)
    assert stats["name"] == "/sdk" and "cpu_stats" in stats, stats
    container.rename("renamed")
    container.stop(timeout=20)
    assert container.wait()["StatusCode"] == 4, container.wait()
    container.remove()
    try:
        client.containers.get("renamed")
        raise AssertionError("it is still there")
    except docker.errors.NotFound as error:
        assert "No such container" in error.explanation, error


def errors():
    try:
        client.containers.run("busybox", ["sh", "-c", "echo why >&2; exit 9"], remove=True)
        raise AssertionError("exit status 9 was no error")
    except docker.errors.ContainerError as error:
        assert error.exit_status == 9 and error.stderr == b"why\n", error
    for get in [client.images.get, client.networks.get, client.volumes.get]:
        try:
            get("no-such-thing")
            raise AssertionError(f"{get} found it")
        except docker.errors.NotFound:
            pass


def surroundings():
    volume = client.volumes.create("sdk-volume")
    network = client.networks.create("sdk-network", driver="bridge")
    said = client.containers.run(
        "busybox", ["sh", "-c", "echo kept >/v/f; hostname"], remove=True, hostname="sdk-host",
        volumes={"sdk-volume": {"bind": "/v", "mode": "rw"}}, network="sdk-network")
    assert said == b"sdk-host\n", said
    container = client.containers.create("busybox", ["cat", "/v/f"], volumes_from=None,
                                         volumes={"sdk-volume": {"bind": "/v", "mode": "ro"}})
    container.start()
    container.wait()
    assert container.logs() == b"kept\n", container.logs()
    image = container.commit("sdk-image", "1")
    assert image.tags == ["sdk-image:1"], image.tags
    container.remove()
    client.images.remove("sdk-image:1")
    network.remove()
    volume.remove()
    assert client.volumes.list() == [], client.volumes.list()


{"life": life, "errors": errors, "surroundings": surroundings}[sys.argv[1]]()

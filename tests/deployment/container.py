"""The image of docker/Dockerfile, built and started without a container engine that runs as a service.

buildah builds it on a Debian that mmdebstrap makes from the machine's own package sources. It is started in
namespaces of its own with what the compose file and the manifests promise: a root that cannot be written, no
capability, no privilege to gain, a number for a user, and its own loopback as the only network.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOURCES = Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list")
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_CONF = Path("/etc/pip.conf")
LIMIT_S = 400
START_LIMIT_S = 120
PORT = "00000000:1F40"
"""All addresses, port 8000, as the kernel writes it."""
ISOLATED = """
set -e
mount --bind "$ROOTFS" "$ROOTFS"
mount -o remount,ro,bind "$ROOTFS"
mount -t tmpfs -o nosuid,nodev,noexec,mode=1777 tmpfs "$ROOTFS/tmp"
mount -t tmpfs -o "nosuid,nodev,noexec,mode=0700,uid=${OWNER%:*},gid=${OWNER#*:}" tmpfs "$ROOTFS/data"
mount -t proc proc "$ROOTFS/proc"
mount --rbind /dev "$ROOTFS/dev"
mount -t tmpfs -o nosuid,nodev,noexec,mode=1777 tmpfs "$ROOTFS/dev/shm"
mkdir "$ROOTFS/tmp/site"
mount --bind "$SITE" "$ROOTFS/tmp/site"
ip link set lo up
exec chroot "$ROOTFS" setpriv --reuid="${OWNER%:*}" --regid="${OWNER#*:}" --clear-groups --no-new-privs \\
    --bounding-set=-all --inh-caps=-all env -i --chdir="$PLACE" "$@"
"""


def missing_tools() -> list[str]:
    """What is needed and not there; empty where the image can be built."""
    if os.geteuid() != 0:
        return ["root"]
    programs = ("buildah", "mmdebstrap", "unshare", "nsenter", "setpriv", "ip", "redis-server")
    return [program for program in programs if shutil.which(program) is None]


@dataclass(frozen=True, slots=True)
class Image:
    """``rootfs``: where its files are; ``config``: what an engine would read."""

    rootfs: Path
    config: dict[str, Any]

    @property
    def environment(self) -> list[str]:
        found: list[str] = self.config["Env"]
        return found

    @property
    def owner(self) -> str:
        return str(self.config["User"])


class Buildah:
    """With a store of its own, so that nothing is left behind."""

    def __init__(self, folder: Path) -> None:
        self._command = ("buildah", "--root", folder / "store", "--runroot", folder / "run")

    def __call__(self, *arguments: object) -> str:
        command = [str(word) for word in (*self._command, *arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        if done.returncode != 0:
            raise AssertionError(f"buildah {arguments[0]} failed:\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout.strip()


@contextmanager
def built(folder: Path) -> Iterator[Image]:
    buildah = Buildah(folder)
    base = _base(buildah, folder)
    secrets = [f"--secret=id=ca,src={AUTHORITIES}"] if AUTHORITIES.exists() else []
    secrets += [f"--secret=id=pip,src={PIP_CONF}"] if PIP_CONF.exists() else []
    how = ("--isolation", "chroot", "--format", "docker", "--network", "host", *secrets)
    buildah(
        "build", *how, "--build-arg", f"BASE={base}", "-f", ROOT / "docker" / "Dockerfile", "-t", "ours", ROOT
    )
    config = json.loads(buildah("inspect", "--type", "image", "ours"))["Docker"]["config"]
    container = buildah("from", "ours")
    try:
        yield Image(Path(buildah("mount", container)), config)
    finally:
        buildah("umount", container)


def _base(buildah: Buildah, folder: Path) -> str:
    """A small Debian with Python, as an image."""
    sources = next(path for path in SOURCES if path.exists())
    release = "bookworm"
    archive = folder / "base.tar"
    options = (
        "--variant=apt",
        "--include=python3,python3-venv",
        '--aptopt=Acquire::Check-Valid-Until "false"',
    )
    without = [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale")]
    command = ["mmdebstrap", "--quiet", *options, *without, release, str(archive), str(sources)]
    subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S)
    container = buildah("from", "scratch")
    buildah("add", container, archive, "/")
    buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
    buildah("commit", "--quiet", container, "localhost/base")
    buildah("rm", container)
    archive.unlink()
    return "localhost/base"


@dataclass(frozen=True, slots=True)
class Container:
    """A started image; ``pid`` is its first process, seen from outside."""

    image: Image
    process: subprocess.Popen[bytes]
    pid: int
    log: Path

    def run(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """A command inside, as the image's user with the image's environment."""
        user, group = self.image.owner.split(":")
        inside = (
            "nsenter",
            "-t",
            str(self.pid),
            "-m",
            "-n",
            "-p",
            "-r",
            "-w",
            "--setuid",
            user,
            "--setgid",
            group,
        )
        words = [*inside, "/usr/bin/env", "-i", *self.image.environment, *command]
        return subprocess.run(words, input=given, capture_output=True, text=True, timeout=60, check=False)

    @contextmanager
    def beside(self, *command: str) -> Iterator[None]:
        """A program of this machine on the container's network."""
        words = ["nsenter", "-t", str(self.pid), "-n", *command]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.kill()

    def stop(self) -> int:
        """As an engine does, by the image's own signal; the exit code."""
        os.kill(self.pid, getattr(signal, self.image.config["StopSignal"]))
        return self.process.wait(timeout=60)


@contextmanager
def started(image: Image, folder: Path, site: Path, settings: Mapping[str, str]) -> Iterator[Container]:
    """The image with its own entry point and command; ``site`` is at /tmp/site inside."""
    log = folder / "log"
    outside = {
        **os.environ,
        "ROOTFS": str(image.rootfs),
        "OWNER": image.owner,
        "PLACE": image.config["WorkingDir"],
        "SITE": str(site),
    }
    own = [f"{name}={value}" for name, value in settings.items()]
    command = [*image.environment, *own, *image.config["Entrypoint"], *image.config["Cmd"]]
    apart = [
        "unshare",
        "--mount",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "bash",
        "-c",
        ISOLATED,
        "start",
    ]
    with log.open("wb") as said:
        process = subprocess.Popen([*apart, *command], env=outside, stdout=said, stderr=subprocess.STDOUT)
    try:
        yield Container(image, process, _first(process, log), log)
    finally:
        process.kill()  # and with it, by --kill-child, all that is inside
        process.wait()


def _first(process: subprocess.Popen[bytes], log: Path) -> int:
    """The first process inside, once it listens."""
    limit = time.monotonic() + START_LIMIT_S
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while time.monotonic() < limit and process.poll() is None:
        for child in children.read_text().split():
            if _listens(int(child)):
                return int(child)
        time.sleep(0.1)
    raise AssertionError(f"the image did not start:\n{log.read_text()[-3000:]}")


def _listens(pid: int) -> bool:
    """Whether anything does on the network of a process."""
    try:
        sockets = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    except OSError:  # it ended
        return False
    return PORT in [line.split()[1] for line in sockets]

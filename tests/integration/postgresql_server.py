"""A real PostgreSQL for tests: made from nothing, on a port of its own, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEBIAN = "/usr/lib/postgresql"
START_LIMIT_S = "60"


def programs() -> Path | None:
    """The directory of initdb and pg_ctl: Debian keeps them out of the path. None where there is none."""
    newest_first = sorted(Path(DEBIAN).glob("*/bin"), key=lambda path: -float(path.parent.name))
    on_path = shutil.which("initdb")
    places = [*newest_first, *([Path(on_path).parent] if on_path else [])]
    return next((place for place in places if (place / "initdb").exists()), None)


class PostgresqlServer:
    """``url`` has no database. It refuses to run as root, so that it runs as another."""

    def __init__(self, place: Path, folder: Path) -> None:
        port = _free_port()
        self.url = f"postgresql://crs@127.0.0.1:{port}"
        self._control = (place / "pg_ctl", "-D", folder / "data", "-w", "-t", START_LIMIT_S)
        self._options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        self._log = folder / "log"

    def start(self) -> None:
        _as_other(*self._control, "-l", self._log, "-o", self._options, "start")

    def stop(self) -> None:
        """As a machine that fails would: nothing is written that was not committed."""
        _as_other(*self._control, "-m", "immediate", "stop")


@contextmanager
def running(place: Path) -> Iterator[PostgresqlServer]:
    """A server that is made for this, and removed."""
    folder = Path(tempfile.mkdtemp(prefix="crs-cds-postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _other_user())
        _as_other(
            place / "initdb", "-D", folder / "data", "-U", "crs", "--auth=trust", "--no-sync", "-E", "UTF8"
        )
        server = PostgresqlServer(place, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _as_other(*command: object) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["setpriv", f"--reuid={_other_user()}", "--clear-groups", *words]
    subprocess.run(words, check=True, capture_output=True, cwd="/", timeout=120)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""Faults under load: replicas behind nginx, Redis, a store and a FHIR server, each of them broken in turn.

For each fault: no acknowledged feedback is lost or stored twice, no card gives a grade that the patient does
not have, every refusal is a clean 503 with Retry-After and of a kind that the fault explains, no connection
breaks (but where the sender is killed in the midst of an answer), and all is well again in time without a
hand. Exits 1 where that does not hold.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.hospital import programs
from benchmarks.hospital.faults import Fault, disk_full, none, of_a_hospital, workers_killed
from benchmarks.hospital.hospital import Hospital, open_hospital
from benchmarks.hospital.traffic import BROKE, BROKEN, CUT, Desk, Told
from tests.integration import postgresql_server
from tests.stored import rows

DESKS = 6
PAUSE_S = 0.05
BEFORE_S = 0.5
WELL_AGAIN_S = 5.0
"""From the end of the fault to the last call that was refused."""
CALM_S = 1.0
"""Without a refusal, at the end."""
DISK = "8m"


@dataclass(frozen=True, slots=True)
class Round:
    """One fault under load. ``ended``: when it was mended."""

    fault: Fault
    told: list[Told]
    began: float
    ended: float
    over: float

    @property
    def recovery(self) -> float:
        """Seconds from the end of the fault to the last refusal; 0 where none came after it."""
        late = [one.at - self.ended for one in self.told if one.status != 200]
        return max(0.0, *late) if late else 0.0

    def flaws(self) -> list[str]:
        found = [one.flaw for one in self.told if one.flaw and not self._is_cut(one)]
        for one in self.told:
            explained = one.kind in self.fault.refused and one.status == 503 and one.at > self.began
            if one.status not in (200, BROKEN) and not explained:
                found.append(f"{one.kind} answered {one.status}")
        if self.recovery > WELL_AGAIN_S or self.recovery > self.over - self.ended - CALM_S / 2:
            found.append(f"not well again after {self.recovery:.1f} s")
        return found

    def _is_cut(self, one: Told) -> bool:
        """Whether its sender was killed in the midst of it: less came than was announced."""
        return self.fault.cuts and one.at > self.began and one.flaw == f"{BROKE}: {CUT}"

    def line(self) -> str:
        counts = Counter(one.status for one in self.told)
        slowest = max(one.took for one in self.told)
        flaws = Counter(self.flaws())
        return (
            f"{self.fault.name:28} {counts[200]:6} {counts[503]:6} {counts[BROKEN]:6} "
            f"{sum(counts.values()) - counts[200] - counts[503] - counts[BROKEN]:6} "
            f"{sum(bool(one.card) for one in self.told):8} {slowest:8.1f} {self.recovery:8.1f}"
            + "".join(f"\n  ✗ {flaw} (× {number})" for flaw, number in flaws.most_common(5))
        )


COLUMNS = ("200", "503", "broken", "others")
HEAD = f"{'fault':28} {' '.join(f'{name:>6}' for name in COLUMNS)} feedback  slowest   well s"


def run(hospital: Hospital, fault: Fault, seconds: float) -> Round:
    desks = [Desk(hospital, number, PAUSE_S) for number in range(DESKS)]
    for desk in desks:
        desk.start()
    time.sleep(BEFORE_S)
    began = time.monotonic()
    with fault.lasting():
        time.sleep(seconds)
    ended = time.monotonic()
    _await_calm(desks, ended)
    told = [one for desk in desks for one in desk.finish()]
    done = Round(fault, told, began, ended, time.monotonic())
    print(done.line(), flush=True)
    return done


def _await_calm(desks: list[Desk], ended: float) -> None:
    """Until nobody was refused for a while, or it takes too long."""
    while time.monotonic() < ended + WELL_AGAIN_S + CALM_S:
        time.sleep(0.1)
        last = max((one.at for desk in desks for one in list(desk.told) if one.status != 200), default=0.0)
        if time.monotonic() > max(last, ended) + CALM_S:
            return


def kept(rounds: list[Round], stored: Counter[str]) -> bool:
    """Whether each acknowledged feedback is in the store, once."""
    acknowledged = [one.card for done in rounds for one in done.told if one.card]
    lost = [card for card in acknowledged if stored[card] == 0]
    twice = [card for card in acknowledged if stored[card] > 1]
    print(f"{len(acknowledged)} feedback acknowledged: {len(lost)} lost, {len(twice)} stored twice")
    return not lost and not twice


def in_postgresql(url: str) -> Counter[str]:
    with psycopg.connect(url) as connection:
        return Counter(str(row[0]) for row in connection.execute("SELECT card FROM feedback"))


def with_postgresql(folder: Path, seconds: float) -> bool:
    place = postgresql_server.programs()
    if place is None:
        raise SystemExit("PostgreSQL is not installed")
    with ExitStack() as stack:
        database = stack.enter_context(postgresql_server.running(place))
        fhir = _fhir(stack, folder)
        url = f"{database.url}/postgres"
        hospital = stack.enter_context(open_hospital(folder / "hospital", _base(fhir), url))
        faults = of_a_hospital(hospital, database, fhir)
        rounds = [run(hospital, fault, seconds) for fault in faults]
        good = kept(rounds, in_postgresql(url))
    return good and not any(done.flaws() for done in rounds)


def with_sqlite(folder: Path, seconds: float) -> bool:
    """One replica, and a small file system for its store."""
    disk = folder / "hospital" / "replica-1"
    with ExitStack() as stack:
        if not stack.enter_context(small_disk(disk)):
            print("SQLite's disk full: left out, a file system can be mounted by root only")
            return True
        fhir = _fhir(stack, folder)
        hospital = stack.enter_context(open_hospital(folder / "hospital", _base(fhir), None, replicas=1))
        faults = [none(), disk_full(hospital, disk), workers_killed(hospital)]
        rounds = [run(hospital, fault, seconds) for fault in faults]
        hospital.replicas[0].stop()
        good = kept(rounds, Counter(str(row["card"]) for row in rows(disk, "feedback")))
    return good and not any(done.flaws() for done in rounds)


@contextmanager
def small_disk(place: Path) -> Iterator[bool]:
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S607


def _fhir(stack: ExitStack, folder: Path) -> programs.Program:
    (folder / "hospital").mkdir(parents=True, exist_ok=True)
    fhir = programs.sandbox(programs.free_port(), folder / "fhir.log", folder / "fhir")
    stack.callback(fhir.stop)
    fhir.start()
    return fhir


def _base(fhir: programs.Program) -> str:
    return f"http://127.0.0.1:{fhir.port}/fhir"


def part(what: Callable[[Path, float], bool], seconds: float) -> bool:
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory(prefix="crs-cds-chaos-") as folder:
        Path(folder).chmod(0o711)
        return what(Path(folder), seconds)


def main() -> int:
    programs.end_in_order()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter faults")
    seconds = 1.5 if parser.parse_args().quick else 6.0
    print(f"2 replicas of 2 workers behind nginx, {DESKS} clients; each fault lasts {seconds:g} s")
    good = part(with_postgresql, seconds)
    print("1 replica of 2 workers behind nginx, SQLite")
    good &= part(with_sqlite, seconds)
    print("as stated" if good else "NOT as stated")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

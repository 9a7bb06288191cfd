"""The ward of the demo: its clock, the charts, and what was written into them while it was tried out.

Until something is written or time is advanced, the charts end at the present and move with it. From then on
they stand, and age as a real chart does; a reset begins again.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from cds_service.sandbox import patients
from cds_service.sandbox.elements import Json, whole_minute

Clock = Callable[[], datetime]
FURTHEST = timedelta(days=14)
"""How far a ward's clock may be put ahead in all."""
KEPT = 500
"""Resources that one patient may be given before a reset."""
SECOND = timedelta(seconds=1)


class StaleChartError(Exception):
    """The chart was written to since the caller looked at it."""


class FullChartError(Exception):
    """More than the demo keeps was written, or time was advanced too far."""


@lru_cache(maxsize=4 * len(patients.SCENARIOS))
def course(patient_id: str, minute: datetime) -> tuple[Json, ...]:
    """A patient's resources as of a whole minute, kept for the calls that follow. Not to be changed."""
    return tuple(patients.resources(patient_id, minute))


class Ward:
    """Shared by all pages that are open on it. Called, it gives the present as an aware time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._changes = self._rounds = 0
        self._begin()

    def _begin(self) -> None:
        self._ahead = timedelta(0)
        self._settled: datetime | None = None
        self._last: datetime | None = None
        self._written: dict[str, dict[str, Json]] = {}
        self._versions: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()

    def __call__(self) -> datetime:
        now, last = self._clock() + self._ahead, self._last
        return now if last is None or now > last else last  # what was written is never in the future

    @property
    def ahead(self) -> timedelta:
        """How far the clock was put ahead."""
        return self._ahead

    @property
    def changes(self) -> int:
        """Grows with every change, resets included."""
        return self._changes

    def version(self, patient_id: str) -> str:
        """Changes whenever the patient's chart is written to, or the ward begins again."""
        with self._lock:
            settled = f"{self._settled.timestamp():.0f}" if self._settled else "moving"
            return f"{self._rounds}-{settled}-{self._versions[patient_id]}"

    def advance(self, span: timedelta) -> None:
        """Put the clock ahead. Raises FullChartError beyond ``FURTHEST``."""
        with self._lock:
            if self._ahead + span > FURTHEST:
                raise FullChartError(f"the clock goes {FURTHEST.days} days ahead and no further: reset")
            self._settle()
            self._ahead += span

    def reset(self) -> None:
        """Forget what was written, and go back to the present."""
        with self._lock:
            self._changes += 1
            self._rounds += 1
            self._begin()

    def _settle(self) -> None:
        self._changes += 1
        if self._settled is None:
            self._settled = whole_minute(self())

    def chart(self, patient_id: str, minute: datetime) -> Sequence[Json]:
        """The resources of a patient as of a whole minute. Not to be changed. Raises KeyError."""
        with self._lock:
            settled, written = self._settled, self._written.get(patient_id)
        base = course(patient_id, minute if settled is None else min(minute, settled))
        if not written:
            return base
        kept = [written.get(resource["id"], resource) for resource in base]
        known = {resource["id"] for resource in base}
        return [*kept, *(resource for key, resource in written.items() if key not in known)]

    def write(
        self,
        patient_id: str,
        entry: Callable[[datetime, Sequence[Json]], list[Json]],
        seen: str | None = None,
    ) -> list[Json]:
        """Write what ``entry`` makes of the time of writing and the chart; what has an id replaces that.

        ``seen`` is the version that the writer looked at. Raises StaleChartError, FullChartError, or what
        ``entry`` raises; then nothing is written.
        """
        with self._lock:
            if seen is not None and seen != self.version(patient_id):
                raise StaleChartError
            now = self._moment()
            made = [self._named(patient_id, item) for item in entry(now, self.chart(patient_id, now))]
            written = self._written.setdefault(patient_id, {})
            if len(written) + len(made) > KEPT:
                raise FullChartError(f"the demo keeps {KEPT} entries a patient: reset")
            self._settle()
            self._last = now
            written.update((item["id"], item) for item in made)
            self._versions[patient_id] += 1
            return made

    def _moment(self) -> datetime:
        """Now to the second, and later than all that was written: of two values one is the newer."""
        now = self().replace(microsecond=0)
        return now if self._last is None or now > self._last else self._last + SECOND

    def _named(self, patient_id: str, resource: Json) -> Json:
        if "id" in resource:
            return resource
        kind = resource["resourceType"].lower()
        self._numbers[patient_id] += 1
        return {
            "resourceType": resource["resourceType"],
            "id": f"{patient_id}-new-{kind}-{self._numbers[patient_id]:03d}",
            **resource,
        }

"""An EHR at work: signed hook calls and feedback over TLS, each answer held against what it must say."""

from __future__ import annotations

import http.client
import json
import random
import ssl
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from benchmarks.charts import hook_request
from benchmarks.hospital.hospital import Hospital
from cds_service.sandbox import patients
from tools.trial import VIEW, patient_view

FEEDBACK = f"{VIEW}/feedback"
PREFETCHED, FETCHED, GIVEN = "prefetched", "fetched", "feedback"
GRADE = 3
"""Of the chart that is sent along."""
TIMEOUT_S = 30
CUT, BROKE = "IncompleteRead", "the connection broke"
BROKEN = 0
"""In place of a status: the connection ended before the answer."""


class Told(NamedTuple):
    """One answer. ``flaw``: what is wrong with it; ``card``: whose feedback was acknowledged."""

    at: float
    took: float
    kind: str
    status: int
    flaw: str = ""
    card: str = ""


class Line:
    """A connection that is kept, and opened anew when it broke."""

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._trust = ssl.create_default_context(cafile=str(hospital.certificate))
        self._port = urlsplit(hospital.url).port
        self._connection: http.client.HTTPSConnection | None = None

    def post(self, path: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Content-Type": "application/json", **self._hospital.header(path)}
        try:
            if self._connection is None:
                self._connection = http.client.HTTPSConnection(
                    "localhost", self._port, timeout=TIMEOUT_S, context=self._trust
                )
            self._connection.request("POST", path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return BROKEN, {}, type(error).__name__.encode()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Desk(threading.Thread):
    """One client: views of patients, and what was done with the card, until it is told to stop."""

    def __init__(self, hospital: Hospital, number: int, pause: float) -> None:
        super().__init__(daemon=True)
        self._line, self._base = Line(hospital), hospital.fhir_base
        self._chance, self._pause = random.Random(number), pause  # noqa: S311 - a mix, the same each time
        self._prefetched = hook_request(24, datetime.now(UTC))
        self._over = threading.Event()
        self.told: list[Told] = []

    def run(self) -> None:
        while not self._over.wait(self._pause * self._chance.uniform(0.5, 1.5)):
            if self._chance.random() < 0.25:
                self._fetched()
            else:
                self._given(self._view())

    def finish(self) -> list[Told]:
        self._over.set()
        self.join()
        self._line.close()
        return self.told

    def _view(self) -> str:
        status, body = self._call(PREFETCHED, VIEW, self._prefetched, GRADE, GRADE)
        return str(json.loads(body)["cards"][0]["uuid"]) if status == 200 else str(uuid.uuid4())

    def _fetched(self) -> None:
        patient = self._chance.choice(patients.ids())
        expected = patients.expected(patient)
        body = json.dumps(patient_view(patient, self._base)).encode()
        self._call(FETCHED, VIEW, body, expected.lowest, expected.highest)

    def _given(self, card: str) -> None:
        entry = {"card": card, "outcome": "overridden", "outcomeTimestamp": datetime.now(UTC).isoformat()}
        self._call(GIVEN, FEEDBACK, json.dumps({"feedback": [entry]}).encode(), None, None, card)

    def _call(
        self, kind: str, path: str, body: bytes, lowest: int | None, highest: int | None, card: str = ""
    ) -> tuple[int, bytes]:
        begun = time.monotonic()
        status, headers, found = self._line.post(path, body)
        took = time.monotonic() - begun
        flaw = _flaw(kind, status, headers, found, (lowest, highest))
        acknowledged = card if status == 200 else ""
        self.told.append(Told(begun + took, took, kind, status, flaw, acknowledged))
        return status, found


Grade = tuple[int | None, int | None]


def _flaw(kind: str, status: int, headers: Mapping[str, str], body: bytes, expected: Grade) -> str:
    """What is wrong with an answer: a grade that the patient does not have, or an unclean refusal."""
    if status == BROKEN:
        return f"{BROKE}: {body.decode()}"
    try:
        found: Any = json.loads(body)
    except ValueError:
        return f"{status} without JSON"
    if status == 200:
        return (
            "" if kind == GIVEN or _holds(found, expected) else f"wrong card: {_grade(found)} for {expected}"
        )
    if found.get("resourceType") != "OperationOutcome":
        return f"{status} without an OperationOutcome"
    return "" if status != 503 or "Retry-After" in headers else "503 without Retry-After"


def _grade(answer: Any) -> Grade | None:
    """The grade on the card; None where no card gives one."""
    for card in answer["cards"]:
        grade = card["extension"]["org.crs-cds.assessment"].get("grade")
        if grade:
            return grade["lowest"], grade["highest"]
    return None


def _holds(answer: Any, expected: Grade) -> bool:
    """Whether the card says the patient's grade, or leaves room for it and says what could not be read."""
    lowest, highest = expected
    found = _grade(answer)
    if lowest is None or highest is None:
        return found is None
    if found == expected:
        return True
    incomplete = any("org.crs-cds.incomplete" in card["extension"] for card in answer["cards"])
    said = found if found and None not in found else (0, 4)
    return incomplete and int(said[0] or 0) <= lowest and highest <= int(said[1] or 0)

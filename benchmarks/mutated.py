"""Spoiled requests by the ten thousand: none may be answered with 500, or a status that is not written down.

The same requests as in the tests (``tests/property/mutated.py``), each one new.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings

from cds_service.app import the_writer
from tests.contract.service import PATH, client
from tests.property import mutated

MANY, FEW = 50_000, 1_000
ALLOWED = {200, 400, 412, 503}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run")
    number = FEW if parser.parse_args().quick else MANY
    with tempfile.TemporaryDirectory(prefix="crs-cds-mutated-") as folder:
        service = client(fhir_servers=(mutated.NOBODY,), data_dir=Path(folder))
        try:
            return send(service, number)
        finally:
            the_writer(service.application).stop()


def send(service: FlaskClient, number: int) -> int:
    statuses, begun = Counter[int](), time.monotonic()

    @settings(max_examples=number, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(seed=mutated.seeds)
    def answered(seed: int) -> None:
        body = mutated.mutated(random.Random(seed))  # noqa: S311 - not for secrets
        statuses[service.post(PATH, data=body, content_type="application/json").status_code] += 1

    answered()
    counts = ", ".join(f"{status} × {count}" for status, count in sorted(statuses.items()))
    print(f"{statuses.total()} spoiled requests in {time.monotonic() - begun:.0f} s: {counts}")
    good = set(statuses) <= ALLOWED and statuses.total() >= number
    print("within bounds" if good else "a bound is broken")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

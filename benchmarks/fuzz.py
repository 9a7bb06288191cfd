"""Mutated resources by the hundred thousand: nothing raises, nothing hangs, and no fact is invented.

Each case is made from the seed and its number alone. What fails is printed with both and with the smallest
input that still fails, and the run exits 1. ``--only own/1/285`` repeats one case.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parents[1]))

from fhir_mappings import CodeBook
from tests.fuzzing.cases import Case, as_json, make, smallest
from tests.fuzzing.corpus import OVERLAY, corpus, external_corpus
from tests.prerequisites import external_folder

FULL, QUICK = 200_000, 20_000
BATCH = 500
BATCH_SECONDS = 60
MOST_SHOWN = 5
Json = dict[str, Any]


class Watch:
    """Stops the run where one batch takes too long, and names the case that was being read."""

    def __init__(self) -> None:
        self.case = ""
        signal.signal(signal.SIGALRM, self._ring)

    def _ring(self, _number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(f"a batch took more than {BATCH_SECONDS} s; it stands at case {self.case}")

    def cases(self, seed: str, shapes: Sequence[Json], resources: int) -> Iterator[Case]:
        """Cases until they hold that many mutated resources."""
        number = done = 0
        while done < resources:
            if number % BATCH == 0:
                signal.alarm(BATCH_SECONDS)
            self.case = f"{seed}/{number}"
            case = make(self.case, shapes)
            yield case
            done, number = done + case.count, number + 1
        signal.alarm(0)


def show(case: Case, fault: str, book: CodeBook) -> None:
    least = smallest(case, book)
    print(f"case {case.seed}: {fault}")
    print(f"  as of {least.as_of.isoformat()}, clocks may differ by {least.skew}")
    print(f"  {as_json(least.sources)}")


def run(name: str, seed: str, shapes: Sequence[Json], resources: int, book: CodeBook) -> int:
    """Reads that many mutated resources; the number of cases that broke the law."""
    broken: Counter[str] = Counter()
    begun, counts, facts = time.perf_counter(), 0, 0
    for case in Watch().cases(f"{name}/{seed}", shapes, resources):
        counts += case.count
        verdict = case.verdict(book)
        facts += verdict.facts
        for fault in verdict.faults[:1]:
            kind = fault.split(":")[0]
            broken[kind] += 1
            if broken[kind] == 1 and len(broken) <= MOST_SHOWN:
                show(case, fault, book)
    took = time.perf_counter() - begun
    told = ", ".join(f"{count} × {kind}" for kind, count in broken.items()) or "the law holds"
    print(f"{name}: {counts:,} mutated resources of {len(shapes):,} shapes, seed {seed}, {took:.0f} s")
    print(f"{name}: {facts:,} facts looked at; {told}")
    return broken.total()


def sources() -> dict[str, Sequence[Json]]:
    folder = external_folder()
    outside = {"external": external_corpus(folder)} if folder else {}
    return {"own": corpus(), **outside}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run")
    parser.add_argument("--seed", default="1", help="another seed makes other cases")
    parser.add_argument("--only", metavar="CASE", help="one case, as it was printed: own/1/285")
    options = parser.parse_args()
    found, book = sources(), CodeBook.load(OVERLAY)
    if options.only:
        case = make(options.only, found[options.only.split("/")[0]])
        faults = case.faults(book)
        for fault in faults:
            show(case, fault, book)
        return 1 if faults else 0
    each = (QUICK if options.quick else FULL) // len(found)
    broken = [run(name, options.seed, shapes, each, book) for name, shapes in found.items()]
    print("the law of provenance is broken" if any(broken) else "nothing raised, hung or was invented")
    return 1 if any(broken) else 0


if __name__ == "__main__":
    sys.exit(main())

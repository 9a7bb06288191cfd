"""What mapping costs: time as a ratio to parsing the same bytes, and the memory that facts take.

Parsing is ``json.loads`` with ``parse_float=Decimal``, which is how the resources come to be mapped. Both are
measured in turns in CPU time, the best of several rounds each: the ratio depends little on how fast or how
busy the machine is. Facts must take memory in proportion to their number. Exits 1 where a bound is broken.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.charts import PATIENT, Chart, searchset
from benchmarks.mixed import MixedChart
from fhir_mappings import CodeBook, map_resources
from fhir_mappings.facts import PatientFacts

RATIO_LIMIT = 3.0
LEAST_A_SECOND = 30_000
BYTES_A_FACT = 1024
LINEAR_WITHIN = 0.10
RESOURCES = 6000
SMALL, LARGE = 2000, 8000
T = TypeVar("T")


class Cost(NamedTuple):
    """CPU seconds of the best round."""

    parsing: float
    mapping: float

    @property
    def ratio(self) -> float:
        return self.mapping / self.parsing


class Bench:
    """Mapping at one time, with one code book."""

    def __init__(self) -> None:
        self.now, self.book = datetime.now(UTC), CodeBook.load()
        self.mixes: dict[str, Callable[[int], list[Any]]] = {
            "everyday vital signs": Chart(self.now).vital_signs,
            "mixed chart": MixedChart(self.now).resources,
        }

    def facts(self, page: Any) -> PatientFacts:
        return map_resources(page, self.book, as_of=self.now, patient_id=PATIENT, coverage={})

    def cost(self, raw: bytes, rounds: int) -> Cost:
        """The best of parsing and the best of mapping, measured in turns."""
        spent = [self.turn(raw) for _ in range(rounds)]
        return Cost(*(min(each) for each in zip(*spent, strict=True)))

    def turn(self, raw: bytes) -> tuple[float, float]:
        """Parsing begins with an empty memory: what lies there already would make it slower."""
        parsing = cpu(partial(parse, raw))
        return parsing, cpu(partial(self.facts, parse(raw)))

    def kept(self, raw: bytes) -> tuple[int, int]:
        """Bytes that facts and issues hold on to when what they were read from is gone, and their number."""
        gc.collect()
        tracemalloc.start()
        facts = self.facts(parse(raw))
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size, count(facts)


def parse(raw: bytes) -> Any:
    return json.loads(raw, parse_float=Decimal)


def cpu(work: Callable[[], T]) -> float:
    gc.collect()
    begun = time.process_time()
    kept = work()
    spent = time.process_time() - begun
    del kept
    return spent


def count(facts: PatientFacts) -> int:
    """Facts, and issues, which are kept as well."""
    readings = sum(map(len, facts.readings.values()))
    others = (facts.oxygen, facts.administrations, facts.therapies, facts.conditions, facts.issues)
    return readings + sum(map(len, others))


def encoded(resources: list[Any]) -> bytes:
    return json.dumps(searchset(resources)).encode()


def check_speed(bench: Bench, mix: str, rounds: int) -> bool:
    raw = encoded(bench.mixes[mix](RESOURCES))
    assert count(bench.facts(parse(raw))) > RESOURCES / 2
    cost = bench.cost(raw, rounds)
    rate = RESOURCES / cost.mapping
    print(
        f"{mix}: {RESOURCES:,} resources ({len(raw) / 1e6:.1f} MB) mapped in {cost.mapping * 1000:.0f} ms"
        f" CPU, parsed in {cost.parsing * 1000:.0f} ms; ratio {cost.ratio:.2f} (limit {RATIO_LIMIT})"
    )
    print(f"{mix}: {rate:,.0f} a second on one core (at least {LEAST_A_SECOND:,}; depends on the machine)")
    return cost.ratio <= RATIO_LIMIT and rate >= LEAST_A_SECOND


def check_memory(bench: Bench, mix: str) -> bool:
    pages = [encoded(bench.mixes[mix](size)) for size in (SMALL, LARGE)]
    bench.facts(parse(pages[1]))  # what is remembered of codes and units is no part of the facts
    (few, few_facts), (many, many_facts) = map(bench.kept, pages)
    each, growth = many / many_facts, (many / many_facts) / (few / few_facts)
    print(
        f"{mix}: {each:.0f} bytes a fact (limit {BYTES_A_FACT}); at four times the size"
        f" {growth:.3f} times as much a fact (limit {1 - LINEAR_WITHIN:.1f} to {1 + LINEAR_WITHIN:.1f})"
    )
    return each < BYTES_A_FACT and abs(growth - 1) <= LINEAR_WITHIN


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run")
    rounds = 7 if parser.parse_args().quick else 25
    bench = Bench()
    held = [check_speed(bench, mix, rounds) for mix in bench.mixes]
    held += [check_memory(bench, mix) for mix in bench.mixes]
    print("within bounds" if all(held) else "a bound is broken")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

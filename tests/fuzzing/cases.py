"""Cases of the fuzzer: small heaps of mutated resources, each made from its seed alone."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from fhir_mappings import ISSUES, CodeBook, map_resources
from fhir_mappings.facts import PatientFacts
from fhir_mappings.searchset import decode_searchset
from tests.fuzzing.corpus import PATIENT
from tests.fuzzing.law import Law, all_facts
from tests.fuzzing.mutations import mutate
from tests.unit.mapping.fhir_json import NOW
from tests.unit.mapping.tampering import clone, places

Json = dict[str, Any]
MOST_RESOURCES = 5
LATER = datetime(2200, 1, 1, tzinfo=UTC)
_write = msgspec.json.Encoder(decimal_format="number")
_read = msgspec.json.Decoder(float_hook=Decimal)


class Verdict(NamedTuple):
    """What is wrong with the mapping of a case, and how many facts were looked at."""

    faults: list[str]
    facts: int


@dataclass(frozen=True)
class Case:
    """Resources, some of them in Bundles, and when they are read."""

    seed: str
    sources: list[Any]
    count: int
    """How many mutated resources are among them."""
    as_of: datetime
    skew: timedelta

    def facts(self, book: CodeBook, sources: list[Any] | None = None) -> PatientFacts:
        return map_resources(
            self.sources if sources is None else sources,
            book,
            as_of=self.as_of,
            patient_id=PATIENT,
            coverage={},
            skew=self.skew,
        )

    def faults(self, book: CodeBook) -> list[str]:
        """What is wrong with the mapping of this case, a sentence each."""
        return self.verdict(book).faults

    def verdict(self, book: CodeBook) -> Verdict:
        try:
            facts = self.facts(book)
            parted = self._parted(book)
        except Exception as error:  # noqa: BLE001 - that nothing raises is the law
            return Verdict([f"raises {type(error).__name__}: {error}"], 0)
        law = Law(self.sources, PATIENT, self.as_of, self.as_of + self.skew)
        unknown = [
            f"an issue without a name: {issue.code}" for issue in facts.issues if issue.code not in ISSUES
        ]
        return Verdict([*law.broken(facts), *unknown, *parted], len(list(all_facts(facts))))

    def _parted(self, book: CodeBook) -> list[str]:
        """Where the short way of reading a Bundle and the careful one part."""
        try:
            raw = _write.encode({"resourceType": "Bundle", "entry": [{"resource": r} for r in self.sources]})
            careful = _read.decode(raw)
        except (TypeError, ValueError, RecursionError, OverflowError, ArithmeticError):
            return []  # cannot be sent as JSON
        bundle = decode_searchset(raw)
        if bundle is None:
            return []
        short = [entry.resource for entry in bundle.entry or []]
        same = self.facts(book, short) == self.facts(book, [careful])
        return [] if same else ["the short way and the careful way part"]


def make(seed: str, corpus: Sequence[Json]) -> Case:
    """The case of a seed: the same resources every time."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    count = min(chance.choice((1, 1, 1, 2, 3, MOST_RESOURCES)), len(corpus))
    resources = mutate(chance.choices(corpus, k=count), corpus, chance)
    if chance.random() < 0.1:
        resources = [*bundled(resources, chance)]
    later = NOW if chance.random() < 0.5 else LATER
    skew = timedelta(minutes=chance.choice((0, 10)))
    return Case(seed, resources, count, later, skew)


def bundled(resources: list[Any], chance: random.Random) -> Iterator[Any]:
    """Some in Bundles, some of these in Bundles, some beside."""
    cut = chance.randint(0, len(resources))
    inner = [{"resource": each} for each in resources[:cut]]
    if inner and chance.random() < 0.3:
        inner[0]["fullUrl"] = chance.choice(("urn:uuid:7", "Patient/7", "http://ehr.example/fhir/Patient/7"))
    page: Json = {"resourceType": "Bundle", "type": "searchset", "entry": inner}
    yield page if chance.random() < 0.5 else {"resourceType": "Bundle", "entry": [{"resource": page}, None]}
    yield from resources[cut:]


def smallest(case: Case, book: CodeBook) -> Case:
    """The same fault with as little as possible around it: first whole resources go, then members."""
    kind = case.faults(book)[0].split(":")[0]

    def fails(smaller: Case) -> bool:
        return any(fault.startswith(kind) for fault in smaller.faults(book))

    try:
        for smaller in (_fewer, _less):
            while (found := next(filter(fails, smaller(case)), None)) is not None:
                case = found
    except RecursionError:
        pass  # nested too deeply to be walked; shown as it is
    return case


def _fewer(case: Case) -> Iterator[Case]:
    for number in range(len(case.sources)):
        yield replace(case, sources=case.sources[:number] + case.sources[number + 1 :])


def _less(case: Case) -> Iterator[Case]:
    for number in range(len(places(case.sources))):
        sources = clone(case.sources)
        container, key = places(sources)[number]
        del container[key]
        yield replace(case, sources=sources)


def as_json(value: Any) -> str:
    """JSON with its numbers as they were sent."""
    try:
        text = json.dumps(value, default=lambda number: f"\x01{number}\x01", ensure_ascii=True)
    except (RecursionError, ValueError) as error:
        return f"(cannot be shown: {error})"
    return re.sub(r'"\\u0001(.*?)\\u0001"', r"\1", text)

"""Charts that no one here wrote: every file maps, and the counts are those of the raw data."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fhir_mappings import ISSUES, CodeBook, map_resources
from fhir_mappings.facts import Concept, DrugGroup, OxygenDevice, PatientFacts
from tests.unit.mapping.tampering import tamper

Json = dict[str, Any]

OVERLAY = Path(__file__).with_name("mimic-overlay.toml")
LATER = datetime(2200, 1, 1, tzinfo=UTC)
STAYS = ("stay-22942076", "stay-25809882")
MIMIC = "mimic-iv-demo-reconstructed"
FOLDERS = (
    "cibmtr-ig",
    "clinosim-generated",
    "fhir-test-cases",
    "hl7-r4-spec-examples",
    "mii-testdata",
    "mimic-iv-demo-reconstructed",
    "mimic-profiles-examples",
    "us-core",
    "uv-pocd-mdc",
)
TAMPERED_PER_FOLDER = 300


@pytest.fixture(scope="module")
def site_book() -> CodeBook:
    return CodeBook.load(OVERLAY)


def resources_of(path: Path) -> list[Json]:
    content = path.read_text(encoding="utf-8")
    lines = content.splitlines() if path.suffix == ".ndjson" else [content]
    return [json.loads(line, parse_float=Decimal) for line in lines]


def folder_of(data: Path, name: str) -> list[Json]:
    files = sorted(path for path in (data / name).iterdir() if path.suffix in (".json", ".ndjson"))
    return [resource for path in files for resource in resources_of(path)]


def patients_of(resources: list[Json]) -> set[str]:
    links = ((each.get("subject") or {}).get("reference", "") for each in resources)
    return {link.rsplit("/", 1)[-1] for link in links if link} or {"nobody"}


def maps_of(resources: list[Json], book: CodeBook) -> Iterator[PatientFacts]:
    for patient in sorted(patients_of(resources)):
        yield map_resources(resources, book, as_of=LATER, patient_id=patient, coverage={})


def facts_in(facts: PatientFacts) -> Counter[str]:
    counts = Counter({concept.value: len(found) for concept, found in facts.readings.items()})
    counts.update({"oxygen": len(facts.oxygen), "therapies": len(facts.therapies)})
    counts.update(item.drug for item in facts.administrations)
    return +counts


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("cibmtr-ig", {"weight": 1, "leukocytes": 1}),
        (
            "clinosim-generated",
            {
                "temperature": 55,
                "systolic": 33,
                "diastolic": 33,
                "heart-rate": 99,
                "respiratory-rate": 33,
                "spo2": 99,
                "oxygen": 99,
                "weight": 1,
                "crp": 6,
                "leukocytes": 6,
                "platelets": 1,
                "creatinine": 5,
                "acetaminophen": 20,
                "methylprednisolone": 20,
                "prednisone": 31,
                "sodium-chloride": 6,
            },
        ),
        ("fhir-test-cases", {"spo2": 1, "oxygen": 1, "heart-rate": 1}),
        (
            "hl7-r4-spec-examples",
            {
                "mean-pressure": 1,
                "spo2": 1,
                "weight": 1,
                "height": 2,
                "acetaminophen": 1,
                "sodium-chloride": 1,
            },
        ),
        # Two FiO2 of 0.4 "percent" are refused; that there was oxygen is kept.
        (
            "mii-testdata",
            {
                "systolic": 1,
                "diastolic": 1,
                "heart-rate": 1,
                "respiratory-rate": 1,
                "height": 1,
                "oxygen": 2,
                "crp": 1,
                "leukocytes": 10,
                "platelets": 2,
                "creatinine": 2,
                "bilirubin": 1,
                "alt": 1,
                "ast": 1,
                "acetaminophen": 1,
                "ibuprofen": 1,
                "metamizole": 1,
            },
        ),
        ("us-core", {"spo2": 1, "oxygen": 1, "weight": 1, "height": 2}),
        ("uv-pocd-mdc", {"systolic": 1, "diastolic": 1, "mean-pressure": 1, "heart-rate": 1}),
    ],
)
def test_the_facts_of_each_folder(folder: str, expected: dict[str, int], external_data: Path) -> None:
    book = CodeBook.load()
    resources = folder_of(external_data, folder)
    found: Counter[str] = Counter()
    for facts in maps_of(resources, book):
        found += facts_in(facts)
    assert found == expected


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_maps_and_every_issue_is_a_known_one(
    folder: str, external_data: Path, site_book: CodeBook
) -> None:
    resources = folder_of(external_data, folder)
    assert resources
    for facts in maps_of(resources, site_book):
        assert {issue.code for issue in facts.issues} <= set(ISSUES)


@pytest.mark.parametrize("folder", FOLDERS)
def test_tampered_copies_of_real_resources_map_too(
    folder: str, external_data: Path, site_book: CodeBook
) -> None:
    resources = folder_of(external_data, folder)
    chance = random.Random(folder)  # noqa: S311 - not for secrets
    for _ in range(TAMPERED_PER_FOLDER // 10):
        tampered = [tamper(chance.choice(resources), chance) for _ in range(10)]
        patient = chance.choice(sorted(patients_of(resources)))
        map_resources(tampered, site_book, as_of=LATER, patient_id=patient, coverage={})


def raw_items(resources: list[Json], *codes: str) -> list[Json]:
    """Resources whose first coding is one of the item numbers."""
    found = []
    for resource in resources:
        concept = resource.get("code") or resource["medicationCodeableConcept"]
        if concept["coding"][0]["code"] in codes:
            found.append(resource)
    return found


def numbers(resources: list[Json]) -> list[Decimal]:
    return [Decimal(str(resource["valueQuantity"]["value"])) for resource in resources]


@pytest.fixture(scope="module", params=STAYS)
def stay(request: pytest.FixtureRequest, external_data: Path) -> list[Json]:
    return resources_of(external_data / MIMIC / f"{request.param}.ndjson")


@pytest.fixture(scope="module")
def stay_facts(stay: list[Json], site_book: CodeBook) -> PatientFacts:
    (facts,) = maps_of(stay, site_book)
    return facts


def test_every_temperature_of_a_stay_is_read(stay: list[Json], stay_facts: PatientFacts) -> None:
    fahrenheit, celsius = numbers(raw_items(stay, "223761")), numbers(raw_items(stay, "223762"))
    readings = stay_facts.readings[Concept.TEMPERATURE]
    expected = sorted([(value - 32) * 5 / 9 for value in fahrenheit] + celsius)
    got = sorted(reading.value for reading in readings)
    assert len(got) == len(expected) == (21 if celsius else 24)
    assert all(abs(one - other) <= Decimal("0.005") for one, other in zip(got, expected, strict=True))


def test_every_pressure_of_a_stay_is_read_or_listed(stay: list[Json], stay_facts: PatientFacts) -> None:
    systolic = raw_items(stay, "220179", "220050")
    mean = numbers(raw_items(stay, "220181", "220052"))
    artefacts = [value for value in mean if not 10 <= value <= 150]
    assert len(stay_facts.readings[Concept.SYSTOLIC]) == len(systolic)
    assert len(stay_facts.readings[Concept.MEAN_PRESSURE]) == len(mean) - len(artefacts)
    assert sorted(Decimal(issue.value) for issue in stay_facts.issues) == sorted(artefacts)
    assert {issue.code for issue in stay_facts.issues} == {"implausible"}


def test_every_saturation_of_a_stay_is_read(stay: list[Json], stay_facts: PatientFacts) -> None:
    raw = sorted(numbers(raw_items(stay, "220277")))
    assert sorted(reading.value for reading in stay_facts.readings[Concept.SPO2]) == raw


def test_every_oxygen_item_of_a_stay_is_read(stay: list[Json], stay_facts: PatientFacts) -> None:
    devices, modes = raw_items(stay, "226732"), raw_items(stay, "223849")
    flows, fractions = raw_items(stay, "223834"), raw_items(stay, "223835")
    assert len(stay_facts.oxygen) == len(devices) + len(modes) + len(flows) + len(fractions)
    assert Counter(item.label for item in stay_facts.oxygen if item.device and not item.mode) == Counter(
        device["valueString"] for device in devices
    )
    assert Counter(item.label for item in stay_facts.oxygen if item.mode) == Counter(
        mode["valueString"] for mode in modes
    )
    shown = {item.device for item in stay_facts.oxygen if item.mode}
    assert shown <= {OxygenDevice.VENTILATOR, OxygenDevice.STANDBY}
    percents = sorted(item.fio2 * 100 for item in stay_facts.oxygen if item.fio2 is not None)
    assert percents == sorted(numbers(fractions))


def test_every_vasopressor_segment_of_a_stay_is_read(stay: list[Json], stay_facts: PatientFacts) -> None:
    for drug, code in (("norepinephrine", "221906"), ("phenylephrine", "221749"), ("vasopressin", "222315")):
        raw = raw_items(stay, code)
        found = [item for item in stay_facts.administrations if item.drug == drug]
        assert len(found) == len(raw)
        assert all(item.end and item.rate and not item.ongoing for item in found)
        assert sorted(item.rate.value for item in found if item.rate) == sorted(
            Decimal(str(each["dosage"]["rateQuantity"]["value"])) for each in raw
        )
    units = {
        item.rate.unit
        for item in stay_facts.administrations
        if item.rate and item.groups & {DrugGroup.VASOPRESSOR, DrugGroup.VASOPRESSIN}
    }
    assert units <= {"ug/kg/min", "U/h"}

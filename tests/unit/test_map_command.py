"""``crs-cds map`` as an integrator at a new site uses it: read the table, bind the codes, map again."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
import pytest

from cds_service.cli import main
from tests.unit.mapping.fhir_json import (
    ACETAMINOPHEN,
    ICD10CM,
    NOREPINEPHRINE,
    SNOMED,
    Json,
    administration,
    coded,
    component,
    condition,
    infusion,
    observation,
    procedure,
    quantity,
)

SITE = "http://hospital.example/flowsheet"
COMMENTED = re.compile(r"^#(?=\[\[|id =|code =|codes =|names =|texts =)", re.MULTILINE)
CHOICES = {
    "concept": "temperature",
    "drug": "norepinephrine",
    "therapy": "car-t-unspecified",
    "device": "nasal-cannula",
    "mode": "ventilator",
    "unit": "mg",
    "route": "oral",
}
LOCAL_CODES: list[Json] = [
    observation(coded(SITE, "T-ORAL", display='Temp "oral" \x1b[31m\n # °C'), "38.5", "Cel", id="t1"),
    observation(coded(SITE, "T-ORAL", display="Temp"), "38.7", "Cel", id="t2"),
    observation(coded("flowsheet", "NO-URI"), 1, "kg", id="x"),
    observation("107117-4", valueString="Optiflow 50 L", id="dev"),
    administration(coded(SITE, "NE4", display="norepinephrine in D5W"), id="ne"),
    administration({"text": "Levophed drip"}, id="lev"),
    administration(
        ACETAMINOPHEN,
        {"dose": quantity("1", "tabs", code=""), "route": {"text": "via PEG"}},
        id="ac",
    ),
    procedure(coded(SITE, "CELLS", display="Infusion of cells")),
]

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(*resources: Any, name: str = "chart.ndjson") -> Path:
        file = tmp_path / name
        encoder = msgspec.json.Encoder(decimal_format="number")
        file.write_bytes(b"\n".join(encoder.encode(resource) for resource in resources))
        return file

    return to_file


Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: object) -> str:
        assert main(["map", *map(str, arguments)]) == 0
        return capsys.readouterr().out

    return command


def of_other(resource: Json) -> Json:
    return {**resource, "subject": {"reference": "Patient/8"}}


def test_the_table_says_what_became_of_each_resource(write: Write, run: Run) -> None:
    chart = write(
        observation("8310-5", "100.4", "[degF]", id="t"),
        observation("8310-5", "138", "Cel", id="wrong"),
        infusion(NOREPINEPHRINE, quantity("0.1", "mcg/kg/min", code=""), id="ne"),
        observation(coded(SITE, "PAIN", display="Pain score"), id="pain"),
        {"resourceType": "Encounter", "id": "e", "subject": {"reference": "Patient/7"}},
    )
    lines = [" ".join(line.split()) for line in run(chart).splitlines()]
    assert lines[0] == "Patient 7: 5 resources"
    assert "fact Observation/t temperature 38 Cel (charted as 100.4 [degF]) 2026-03-10T08:00:00Z" in lines
    assert any(line.startswith("issue Observation/wrong implausible: ") for line in lines)
    assert "not-relevant Observation/pain Pain score" in lines
    assert "not-read Encounter/e" in lines
    (pressor,) = [line for line in lines if "MedicationAdministration/ne" in line]
    assert "norepinephrine rate 0.1 ug/kg/min in-progress ongoing" in pressor
    assert "# 2 fact used" in lines


def test_patients_are_told_apart_and_nobodys_resources_come_last(write: Write, run: Run) -> None:
    temperature = observation("8310-5", 38, "Cel")
    shared = {"resourceType": "Medication", "id": "n", "code": NOREPINEPHRINE}
    given = administration(
        {}, medicationCodeableConcept=None, medicationReference={"reference": "Medication/n"}
    )
    chart = write(
        temperature,
        of_other(temperature),
        shared,
        of_other(given),
        observation("8310-5", 38, "Cel", subject=None),
    )
    found = [json.loads(line) for line in run("--json", chart).splitlines()]
    assert [each.get("patient") for each in found] == ["7", "8", None]
    assert [each["totals"]["outcomes"] for each in found] == [
        {"fact": 1},
        {"fact": 2},
        {"issue": 1, "looked-up": 1},
    ]
    assert found[2]["totals"]["issues"] == {"subject-missing": 1}
    (only,) = run("--json", "--patient", "8", chart).splitlines()
    assert json.loads(only) == found[1]


def test_the_json_holds_no_null_and_nothing_empty(write: Write, run: Run) -> None:
    def holes(value: Any) -> bool:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return value is None or value in ("", [], {}) or any(holes(item) for item in inner)

    (line,) = run("--json", "--as-of", "2026-03-10T09:00:00+00:00", write(*LOCAL_CODES)).splitlines()
    found = json.loads(line)
    assert not holes(found)
    assert found["asOf"] == "2026-03-10T09:00:00Z"
    assert found["unmapped"][0] == {
        "place": "observation", "count": 2, "text": "Temp", "system": SITE, "code": "T-ORAL",
        "valueType": "valueQuantity", "unit": "Cel",
    } | {"text": found["unmapped"][0]["text"]}  # fmt: skip
    (dose,) = [fact["dose"] for row in found["resources"] for fact in row.get("facts", ()) if "dose" in fact]
    assert dose == {"value": "1", "unit": "tabs"}


def test_only_totals_and_codes_with_summary(write: Write, run: Run) -> None:
    chart = write(*LOCAL_CODES)
    (line,) = run("--json", "--summary", chart).splitlines()
    assert "resources" not in json.loads(line)
    assert "Patient 7" not in run("--summary", chart)


def test_by_default_all_that_the_files_hold_counts_and_with_as_of_only_what_was_there(
    write: Write, run: Run
) -> None:
    shifted = observation("8310-5", 38, "Cel", effectiveDateTime="2166-08-22T01:00:00Z")
    chart = write(shifted)
    assert json.loads(run("--json", chart))["totals"]["outcomes"] == {"fact": 1}
    assert json.loads(run("--json", "--as-of", "2166-08-21T00:00:00Z", chart))["totals"]["outcomes"] == {
        "later": 1
    }


def uncommented(draft: str) -> str:
    """The draft as a person fills it in: every entry in use, an id in each."""
    table, lines = "", []
    for line in COMMENTED.sub("", draft).splitlines():
        header = re.fullmatch(r"\[\[(.*)\]\]", line)
        table = header[1] if header else table
        lines.append(line.replace('id = ""', f'id = "{CHOICES[table]}"') if table else line)
    return "\n".join(lines).replace('code = ""', 'code = "mg"')


def test_the_summary_is_an_overlay_that_loads_as_it_is(write: Write, run: Run, tmp_path: Path) -> None:
    draft = tmp_path / "draft.toml"
    draft.write_text(run("--summary", write(*LOCAL_CODES)), "utf-8")
    assert set(tomllib.loads(draft.read_text("utf-8"))) == {"source", "date"}
    assert main(["tables", "check", str(draft)]) == 0


def test_with_its_ids_filled_in_it_is_an_overlay_with_which_everything_is_read(
    write: Write, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart, site = write(*LOCAL_CODES), tmp_path / "site.toml"
    filled = uncommented(run("--summary", chart))
    site.write_text(filled, "utf-8")
    assert set(tomllib.loads(filled)) == {
        "source", "date", "concept", "drug", "therapy", "device", "unit", "route",
    }  # fmt: skip
    assert main(["tables", "check", str(site)]) == 0
    monkeypatch.setenv("CRS_CDS_CODES", str(site))
    after = json.loads(run("--json", chart).splitlines()[-1])
    assert [each["code"] for each in after["unmapped"]] == ["NO-URI"]
    assert after["totals"]["outcomes"] == {"fact": 7, "not-relevant": 1}


def test_a_draft_for_an_overlay_in_use_is_added_to_it(
    write: Write, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        'source = "us"\ndate = 2026-03-01\n\n[[device]]\nid = "high-flow-cannula"\ntexts = ["AIRVO"]\n'
    )
    monkeypatch.setenv("CRS_CDS_CODES", str(site))
    site.write_text(site.read_text() + uncommented(run("--summary", write(*LOCAL_CODES))), "utf-8")
    assert main(["tables", "check", str(site)]) == 0


def test_a_mode_is_bound_by_its_text(write: Write, run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        'source = "us"\ndate = 2026-03-01\n\n[[question]]\nid = "mode"\n'
        f'codes = [{{ system = "{SITE}", code = "VENT" }}]\n'
    )
    monkeypatch.setenv("CRS_CDS_CODES", str(site))
    words = observation(coded(SITE, "VENT"), valueCodeableConcept=coded(SITE, "9", display="CMV/ASSIST"))
    chart = write(words, observation(coded(SITE, "VENT"), valueCodeableConcept=coded(SITE, "10"), id="o2"))
    draft = run("--summary", chart)
    assert '#[[mode]]\n#id = ""\n#texts = ["CMV/ASSIST"]' in draft
    site.write_text(site.read_text() + uncommented(draft), "utf-8")
    assert main(["tables", "check", str(site)]) == 0
    assert json.loads(run("--json", chart).splitlines()[-1])["totals"]["outcomes"] == {"fact": 2}


def test_when_all_is_known_it_says_so(write: Write, run: Run) -> None:
    assert "Nothing was charted in a code that is not known" in run(write(observation("8310-5", 38, "Cel")))


def test_what_a_terminal_would_obey_is_not_written(write: Write, run: Run) -> None:
    assert "\x1b" not in run(write(*LOCAL_CODES))


def test_the_zone_of_the_site_counts(write: Write, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    chart = write(observation("8310-5", 38, "Cel", effectiveDateTime="2026-03-10T09:00:00"))
    assert json.loads(run("--json", chart))["totals"]["issues"] == {"time-without-zone": 1}
    monkeypatch.setenv("CRS_CDS_TIMEZONE", "Europe/Berlin")
    (row,) = json.loads(run("--json", chart))["resources"]
    assert row["facts"][0]["time"] == "2026-03-10T08:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.json"], "nowhere.json"),
        (["--patient", "9", "chart.ndjson"], "patient 9 is not in the files"),
        (["empty.json"], "no resource"),
    ],
)
def test_a_refusal_is_one_line(
    arguments: list[str],
    said: str,
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(observation("8310-5", 38, "Cel"))
    write({"resourceType": "Bundle"}, name="empty.json")
    monkeypatch.chdir(tmp_path)
    assert main(["map", *arguments]) == 1
    refusal = capsys.readouterr().err
    assert refusal.count("\n") == 1
    assert said in refusal


def test_ten_thousand_resources_take_a_couple_of_seconds(write: Write, run: Run) -> None:
    chart = write(
        *(observation(coded(SITE, f"C{n % 50}"), n, "kg", id=f"o{n}") for n in range(6000)),
        *(
            observation("8310-5", 38, "Cel", id=f"t{n}", subject={"reference": f"Patient/{n}"})
            for n in range(2000)
        ),
        *({"resourceType": "Medication", "id": f"m{n}", "code": NOREPINEPHRINE} for n in range(2000)),
    )
    start = perf_counter()
    run(chart)
    assert perf_counter() - start < 10  # some five times what it takes


FACTS: list[tuple[Json, str]] = [
    (observation("107117-4", valueString="Nasal cannula"), "oxygen-device nasal-cannula “Nasal cannula”"),
    (observation("3151-8", 2, "L/min"), "oxygen flow 2 L/min"),
    (observation("3150-0", 40, "%"), "oxygen fio2 0.4"),
    (observation("85354-9", component=[component("8480-6", 91, "mm[Hg]")]), "systolic 91 mm[Hg]"),
    (procedure(coded(SNOMED, "40617009")), "oxygen-device ventilator “Artificial ventilation”"),
    (procedure({"text": "axi-cel"}), "car-t axicabtagene-ciloleucel"),
    (condition(coded(ICD10CM, "D89.833")), "crs active “Cytokine release syndrome, grade 3” grade 3"),
    ({"resourceType": "Patient", "id": "7", "birthDate": "1970-05"}, "birth-date 1970-05-01"),
]


@pytest.mark.parametrize(("resource", "said"), FACTS)
def test_every_kind_of_fact_has_its_line(resource: Json, said: str, write: Write, run: Run) -> None:
    (line,) = [line for line in run(write(resource)).splitlines() if line.startswith("  fact")]
    assert said in line

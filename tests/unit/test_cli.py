"""The commands as a person types them: output, exit codes, and refusals in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.tables import GUIDELINES
from tests.builders import (
    ICD_10_PCS,
    LOINC,
    NOW,
    Json,
    component,
    concept,
    observation,
    patient,
    procedure,
    quantity,
)
from tests.contract.service import _encoder
from tests.trusted_ehr import client_entry, write_clients

AS_OF = NOW.isoformat()


def febrile() -> list[Json]:
    return [
        patient("1971-01-01"),
        procedure("car-t", concept(ICD_10_PCS, "XW033H7"), -72),
        observation("t", concept(LOINC, "8310-5"), -1, valueQuantity=quantity("100.4", "[degF]")),
        observation("bp", concept(LOINC, "85354-9"), -1, component=[component("8480-6", 118, "mm[Hg]")]),
        observation("s", concept(LOINC, "59408-5"), -1, valueQuantity=quantity(97, "%")),
    ]


@pytest.fixture
def ndjson(tmp_path: Path) -> Path:
    file = tmp_path / "chart.ndjson"
    file.write_bytes(b"\n".join(_encoder.encode(r) for r in febrile()) + b"\n")
    return file


def test_grade_writes_one_object_a_patient(ndjson: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", "--as-of", AS_OF, str(ndjson)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert (found["patient"], found["status"]) == ("p", "active")
    assert found["grade"] == {"lowest": 1, "highest": 1}
    assert found["criteria"][0]["evidence"][0]["value"] in {"38", "38.0", "38.00"}


def test_a_bundle_gives_what_its_resources_give(
    ndjson: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "bundle.json"
    entries = [{"resource": r} for r in febrile()]
    bundle.write_bytes(_encoder.encode({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    main(["grade", "--as-of", AS_OF, str(ndjson)])
    main(["grade", "--as-of", AS_OF, str(bundle)])
    first, second = capsys.readouterr().out.splitlines()
    assert first == second


@pytest.mark.parametrize("with_id", [True, False])
def test_a_bundle_whose_references_are_urns_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], with_id: bool
) -> None:
    urn = "urn:uuid:5d1f5c1c-1c9f-4d5e-9a3e-0a1b2c3d4e5f"
    entries = []
    for resource in febrile():
        if resource["resourceType"] == "Patient":
            other = {k: v for k, v in resource.items() if k != "id"} | ({"id": "pat-1"} if with_id else {})
            entries.append({"fullUrl": urn, "resource": other})
        else:
            entries.append({"resource": resource | {"subject": {"reference": urn}}})
    file = tmp_path / "bundle.json"
    file.write_bytes(_encoder.encode({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    assert main(["grade", "--as-of", AS_OF, str(file)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["grade"] == {"lowest": 1, "highest": 1}


def test_the_demo_patients_can_be_written_and_graded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--write", str(tmp_path / "patients")]) == 0
    files = sorted((tmp_path / "patients").iterdir())
    assert main(["grade", *map(str, files)]) == 0
    grades = [json.loads(line).get("grade") for line in capsys.readouterr().out.splitlines()[1:]]
    assert {"lowest": 4, "highest": 4} in grades


def test_grade_is_as_of_any_time(ndjson: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["grade", "--as-of", "2026-03-10T07:59:59Z", str(ndjson)])
    assert json.loads(capsys.readouterr().out)["status"] == "not-gradable"


def test_grade_text_is_for_people(ndjson: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["grade", "--text", "--as-of", AS_OF, str(ndjson)])
    shown = capsys.readouterr().out
    assert "CRS grade 1: fever 38.0 °C" in shown
    assert "not a substitute for judgement" in shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON"),
        (b'{"a": 1}\n', "not a FHIR resource"),
        (b'{"resourceType":"Basic"}\n{oops\n', ":2:"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    assert main(["grade", "--as-of", AS_OF, str(file)]) == 1
    refusal = capsys.readouterr().err
    assert refusal.count("\n") == 1
    assert str(file) in refusal
    assert said in refusal


def test_a_missing_file_and_an_unknown_patient_are_refused(
    ndjson: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["grade", "nowhere.json"]) == 1
    assert main(["grade", "--patient", "other", str(ndjson)]) == 1
    assert capsys.readouterr().err.count("\n") == 2


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["grade"],
        ["grade", "--as-of", "yesterday", "f"],
        ["grade", "--as-of", "2026-03-10T09:00", "f"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert capsys.readouterr().err


def test_the_tables_in_use_are_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", "check"]) == 0
    assert "good" in capsys.readouterr().out


def test_every_rule_is_printed_for_the_committee(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", "show"]) == 0
    shown = capsys.readouterr().out
    for expected in ("38.0 Cel", "site policy", "Lee DW", "sha256", "8310-5", "710027002"):
        assert expected in shown


@pytest.mark.parametrize(
    ("was", "becomes", "key"),
    [
        ('unit = "Cel"', 'unit = "[degF]"', "thresholds.fever.unit"),
        ("flow_up_to = 6", "flow_up_to = 5", "oxygen"),
        ("[windows.fever]", "[windows.fevre]", "windows.fever"),
        (
            'source = "lee-2019"\nwhy = "temperature',
            'source = "nobody"\nwhy = "temperature',
            "thresholds.fever.source",
        ),
        ("hypoxia = 4", "hypoxia = 9", "unknown.hypoxia"),
        ("value = 38.0", "value = 3.8", "thresholds.fever.value"),
        ("grade_up_to = 4", "grade_up_to = 1", "grade_up_to"),
        ("base = 90", "base = 900", "base"),
        ("below_years = 11", "below_years = 1", "hypotension"),
        ("[hypotension-grade]", "[surprise]\nx = 1\n\n[hypotension-grade]", "surprise"),
        ("at_least = 2", "at_least = 3", "vasopressors"),
        ('value = 30\nunit = "d"', 'value = 800000\nunit = "d"', "windows.car-t.value"),
    ],
)
def test_a_bad_guideline_is_refused_with_file_and_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], was: str, becomes: str, key: str
) -> None:
    text = (GUIDELINES / "astct-2019.toml").read_text()
    assert was in text
    file = tmp_path / "site.toml"
    file.write_text(text.replace(was, becomes, 1))
    assert main(["tables", "check", str(file)]) == 1
    refusal = capsys.readouterr().err
    assert str(file) in refusal
    assert key in refusal
    assert refusal.count("\n") == 1


@pytest.mark.parametrize(
    "content",
    ["a = 1e99999999999999999999", "a = " + "9" * 5000, "[" * 3000, "\udcff"],
)
def test_a_file_that_is_no_table_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    file = tmp_path / "odd.toml"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert main(["tables", "check", str(file)]) == 1
    refusal = capsys.readouterr().err
    assert str(file) in refusal
    assert refusal.count("\n") == 1


def test_serve_refuses_to_start_without_client_authentication(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CH-66: tokens are checked unless a site says otherwise, and then only this machine can call."""
    monkeypatch.delenv("CRS_CDS_AUTH", raising=False)
    assert main(["serve"]) == 1
    assert "CRS_CDS_CLIENTS" in capsys.readouterr().err
    monkeypatch.setenv("CRS_CDS_AUTH", "none")
    assert main(["serve", "--host", "0.0.0.0"]) == 1  # noqa: S104  (the refusal is what is tested)
    assert "CRS_CDS_AUTH" in capsys.readouterr().err


def test_serve_refuses_to_start_where_one_token_could_be_used_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two workers that know nothing of each other would each accept it."""
    monkeypatch.delenv("CRS_CDS_AUTH", raising=False)
    monkeypatch.setenv("CRS_CDS_CLIENTS", str(write_clients(tmp_path, client_entry(tmp_path))))
    assert main(["serve", "--workers", "2"]) == 1
    assert "CRS_CDS_PUBLIC_URL" in capsys.readouterr().err
    monkeypatch.setenv("CRS_CDS_PUBLIC_URL", "https://cds.example")
    assert main(["serve", "--workers", "2"]) == 1
    assert "CRS_CDS_REDIS_URL" in capsys.readouterr().err


def test_a_gap_in_the_clients_file_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CRS_CDS_AUTH", raising=False)
    entry = client_entry(tmp_path, None, fhir_base=...)
    monkeypatch.setenv("CRS_CDS_CLIENTS", str(write_clients(tmp_path, entry)))
    monkeypatch.setenv("CRS_CDS_PUBLIC_URL", "https://cds.example")
    assert main(["serve"]) == 1
    said = capsys.readouterr().err
    assert "clients.toml" in said
    assert "fhir_base" in said


def test_the_demo_is_refused_beyond_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--host", "0.0.0.0"]) == 1  # noqa: S104  (the refusal is what is tested)
    assert "127.0.0.1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GUIDELINE", "no-such"),
        ("TIMEZONE", "Mars/Olympus"),
        ("FHIR_BUDGET_MS", "soon"),
        ("AUTH", "maybe"),
        ("FHIR_SERVERS", "notaurl"),
        ("FHIR_CA_FILE", "/no/such/file.pem"),
        ("FHIR_CA_FILE", "/dev/null"),
        ("PUBLIC_URL", "cds.example"),
        ("PUBLIC_URL", "https://cds.example?x=1"),
        ("PUBLIC_URL", "https://cds.example/a b"),
        ("REDIS_URL", "localhost:6379"),
        ("RATE_LIMIT", "0"),
        ("JWKS_SECONDS", "86400"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://ehr.example/"),
        ("CORS_ORIGINS", "https://good.example,ehr.example"),
        ("TIMZONE", "UTC"),
    ],
)
def test_a_bad_setting_stops_the_start_and_is_named(
    ndjson: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(f"CRS_CDS_{name}", value)
    assert main(["grade", str(ndjson)]) == 1
    said = capsys.readouterr().err
    assert (f"CRS_CDS_{name}" in said) or (value in said)


TOO_MANY = [
    ["audit", "list", "--limit", "100001"],
    ["audit", "list", "--limit", "9" * 30],
    ["audit", "list", "--limit", "9" * 5_000],
    ["audit", "list", "--limit", "0"],
    ["feedback", "report", "--weeks", "5201"],
    ["feedback", "report", "--weeks", "9" * 30],
    ["feedback", "report", "--weeks", "-1"],
    ["serve", "--workers", "100000"],
]


@pytest.mark.parametrize("arguments", TOO_MANY, ids=lambda found: " ".join(found)[:50])
def test_a_number_beyond_its_bounds_is_wrong_usage_in_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    (told,) = [line for line in said.splitlines() if "error:" in line]
    assert told.startswith("crs-cds ")
    assert next(each for each in arguments if each.startswith("--")) in told
    assert "Traceback" not in said
    assert len(told) < 200


@pytest.mark.parametrize(
    "arguments", [["audit", "list", "--limit", "100000"], ["feedback", "report", "--weeks", "5200"]]
)
def test_the_largest_numbers_are_taken(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRS_CDS_DATA_DIR", str(tmp_path))
    assert main(["records", "migrate"]) == 0
    assert main(arguments) == 0
    assert capsys.readouterr().err == ""
